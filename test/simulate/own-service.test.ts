import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadProxyConfig, type ProxyConfig } from '@headgate/proxy';
import { parseFault } from './described-load.ts';
import { type OwnLoad, ownServiceOf } from './own-service.ts';
import { simulate } from './simulate.ts';

const yaml = `
listeners: [{ address: 127.0.0.1:8080 }]
zone: here
services:
  api:
    policy: peak-ewma
    retries: 1
    retryStatuses: [500]
    maxInFlight: 100
    subsetSize: 2
    upstreams:
      - { url: http://127.0.0.1:4001, zone: here, weight: 2 }
      - { url: http://127.0.0.1:4002, zone: there, maxInFlight: 9 }
      - { url: http://127.0.0.1:4003 }
  other:
    upstreams: [{ url: http://127.0.0.1:5001 }]
routes:
  - { match: { path: /api/* }, service: api, deadline: 2s, hedge: { delay: 50ms } }
  - { match: { path: /late/* }, service: api, deadline: 9s }
  - { service: other }
`;

const load: OwnLoad = {
  service: 'api',
  phases: [{ untilMs: 10_000, ratePerSecond: 300 }],
  serviceTimeText: 'exp 20ms',
  serviceTime: { kind: 'exponential', meanMs: 20 },
  workers: 4,
  workersOf: new Map([['http://127.0.0.1:4001', 8]]),
  faults: [],
  errorStatus: 500,
  crossZoneMs: 3,
  proxies: 2,
  hasLoadReports: true,
};

async function loadYaml(text = yaml): Promise<ProxyConfig> {
  const directory = await mkdtemp(join(tmpdir(), 'simulate-'));
  try {
    const file = join(directory, 'headgate.yaml');
    await writeFile(file, text);
    const loaded = await loadProxyConfig(file, {});
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return loaded.config;
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe('a service of a configuration, simulated', async () => {
  const config = await loadYaml();

  it('has what the configuration says', () => {
    const { scenario, policy } = ownServiceOf(config, load);
    assert.equal(policy, 'peak-ewma');
    const { origins, edge, ...rest } = scenario;
    assert.deepEqual(
      origins.map(({ key, workers, weight, zone, maxInFlight, networkMs }) => {
        return [key, workers, weight, zone, maxInFlight, networkMs];
      }),
      [
        ['http://127.0.0.1:4001', 8, 2, 'here', undefined, 0],
        ['http://127.0.0.1:4002', 4, 1, 'there', 9, 3],
        ['http://127.0.0.1:4003', 4, 1, undefined, undefined, 0],
      ],
    );
    assert.deepEqual(edge, {
      retries: 1,
      retriesErrors: true,
      isHedging: true,
      hedgeDelayMs: 50,
      hasLoadReports: true,
      maxInFlight: 100,
      zone: 'here',
    });
    const { subsetSize, deadlineMs, boundWorkers, edges } = rest;
    assert.deepEqual([subsetSize, deadlineMs, boundWorkers, edges], [2, 2_000, 16, 2]);
    assert.match(scenario.about, /3 upstreams with 16 workers.*38 % of what the workers can do/);
  });

  it('does not retry a status that it is not told to retry', () => {
    const { scenario } = ownServiceOf(config, { ...load, errorStatus: 503 });
    assert.equal(scenario.edge.retriesErrors, false);
  });

  it('runs', () => {
    const faults = [parseFault('http://127.0.0.1:4002 slow x10 from 2s to 8s', 10_000)];
    const { scenario, policy } = ownServiceOf(config, { ...load, faults });
    const { counts, count } = simulate(scenario, policy, 1);
    assert.ok(count > 2_800 && counts.good > 0.9 * count, JSON.stringify(counts));
  });

  it('has to have its upstreams written down', async () => {
    const text = yaml.replace('url: http://127.0.0.1:5001', 'dns: http://other.internal');
    const discovered = await loadYaml(text);
    assert.throws(
      () => ownServiceOf(discovered, { ...load, service: 'other' }),
      /services\.other\.upstreams\[0\] \(http:\/\/other\.internal\) is discovered .* as url/,
    );
  });

  it('says which services and upstreams there are', () => {
    const thrown = (changes: Partial<OwnLoad>, message: RegExp) =>
      assert.throws(() => ownServiceOf(config, { ...load, ...changes }), message);
    thrown({ service: undefined }, /several services; say --service and one of api, other/);
    thrown({ service: 'apo' }, /--service apo: .* \(did you mean "api"\?\); there are api, other/);
    const url = 'http://127.0.0.1:400';
    thrown({ workersOf: new Map([[url, 1]]) }, /--workers: service api has no upstream/);
    thrown(
      { faults: [parseFault(`${url} down`, 10_000)] },
      /--fault ".* down": service api has no upstream .* \(did you mean "http:.*4001"\?\)/,
    );
  });
});
