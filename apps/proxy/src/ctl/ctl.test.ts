import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CACHE,
  FIRST,
  fakeControl,
  openAdmin,
  SECOND,
  TOKEN,
} from '../admin/control.test-support.ts';
import type { AdminListener } from '../admin/listener.ts';
import type { ServiceStatus } from '../admin/services.ts';
import { socketPathFor } from '../socket-path.test-support.ts';
import { at, type Captured, captured, command } from './ctl.test-support.ts';
import { runCtl } from './ctl.ts';

/** Runs `headgate ctl` against a listener, with the token. */
async function ctl(
  admin: AdminListener,
  argv: readonly string[],
): Promise<Captured & { readonly code: number }> {
  const output = captured({ env: { HEADGATE_ADMIN_TOKEN: TOKEN } });
  const code = await runCtl(command('ctl', [...at(admin), ...argv]), output.deps);
  return { ...output, code };
}

describe('headgate ctl shows', () => {
  it('the state of the edge', async (t) => {
    const plain = fakeControl();
    const status = () => {
      const { config, ...rest } = plain.status();
      const lastRefusal = { at: 1_700_003_600_000, why: 'a.yaml:1  broken\na.yaml:2  as well' };
      return { ...rest, config: { ...config, lastRefusal } };
    };
    const operatorEntries = () => [
      { service: 'items', upstream: FIRST, state: 'draining', weight: 2, isPresent: true } as const,
      { service: 'users', upstream: SECOND, state: 'disabled', isPresent: false } as const,
    ];
    const { admin } = await openAdmin(t, { control: { ...plain, status, operatorEntries } });
    const { code, printed } = await ctl(admin, ['status']);
    assert.equal(code, 0);
    assert.deepEqual(printed, [
      'headgate 1.2.3, pid 100, up 1h 1m',
      'config   headgate.yaml, loaded 1h 0m ago, generation 3',
      'refused  1m 0s ago: a.yaml:1  broken\n         a.yaml:2  as well',
      'workers  2 of 2 ready',
      `operator items ${FIRST}: draining, weight 2`,
      `operator users ${SECOND}: disabled, not there now`,
    ]);
  });

  it('the workers, aligned', async (t) => {
    const { admin } = await openAdmin(t);
    const { printed } = await ctl(admin, ['workers']);
    assert.deepEqual(printed, [
      'WORKER  PID  STATE  CONNECTIONS  IN FLIGHT  REQUESTS   MEMORY    AGE',
      '1       201  ready        1,234          5    67,890  100 MiB  1h 1m',
      '2       202  ready        1,234          5    67,890  100 MiB  1h 1m',
    ]);
  });

  it('the upstreams of every service', async (t) => {
    const control = fakeControl();
    const { admin } = await openAdmin(t, { control });
    await control.operate({ service: 'items', upstream: SECOND, action: 'disable' }, 'test');
    const { printed } = await ctl(admin, ['services']);
    assert.deepEqual(printed, [
      'SERVICE  UPSTREAM               STATE     WEIGHT  IN FLIGHT  REQUESTS  FAILURES  LATENCY',
      'items    http://127.0.0.1:4001  healthy        1          3     1,000         2  12.5 ms',
      'items    http://127.0.0.1:4002  disabled       1          3     1,000         2  12.5 ms',
    ]);
  });

  it('what the cache has, and how it has done', async (t) => {
    const redis = { isOpen: true, isInStep: false, lastError: 'connect ECONNREFUSED' };
    const { admin } = await openAdmin(t, {
      control: fakeControl({ cache: async () => ({ ...CACHE, redis }) }),
    });
    const { code, printed } = await ctl(admin, ['cache']);
    assert.equal(code, 0);
    assert.deepEqual(printed, [
      'memory  100 MiB of 512 MiB, 12,345 answers',
      'redis   out of reach, and left alone for a while: connect ECONNREFUSED',
      'REQUESTS   COUNT    PART',
      'hits         700  70.0 %',
      'stale         50   5.0 %',
      'collapsed     60   6.0 %',
      'misses       150  15.0 %',
      'passes        40   4.0 %',
    ]);
  });

  it('a cache that nobody has asked yet', async (t) => {
    const none = { hits: 0, misses: 0, stale: 0, collapsed: 0, passes: 0, entries: 0 };
    const states = [
      [{ isOpen: false, isInStep: true }, 'redis   in use'],
      [{ isOpen: false, isInStep: false }, 'redis   not used until all purges are known'],
    ] as const;
    for (const [redis, line] of states) {
      const cache = async () => ({ ...CACHE, ...none, redis });
      const { admin } = await openAdmin(t, { control: fakeControl({ cache }) });
      const { printed } = await ctl(admin, ['cache']);
      assert.deepEqual(printed.slice(1, 4), [
        line,
        'REQUESTS   COUNT  PART',
        'hits           0     -',
      ]);
    }
  });

  it('who changed what', async (t) => {
    const { admin } = await openAdmin(t, { token: TOKEN });
    await ctl(admin, ['drain', 'items', ':4001']);
    await ctl(admin, ['drain', 'itms', ':4001']);
    const { printed } = await ctl(admin, ['audit']);
    assert.equal(printed.length, 3);
    assert.match(`${printed[1]}`, /^2023-11-14 22:13:20 {2}admin 127\.0\.0\.1 {2}drain .* done$/);
    assert.match(
      `${printed[2]}`,
      /itms :4001 .* refused: there is no service "itms"; did you mean/,
    );
  });

  it('the JSON of the API to programs', async (t) => {
    const control = fakeControl();
    const { admin } = await openAdmin(t, { control });
    const { printed } = await ctl(admin, ['workers', '--json']);
    assert.equal(printed.length, 1);
    assert.deepEqual(JSON.parse(`${printed[0]}`), { workers: control.workers() });
  });
});

describe('headgate ctl changes', () => {
  it('an upstream by its port, when that is one only', async (t) => {
    const { admin, audit } = await openAdmin(t, { token: TOKEN });
    const { code, printed } = await ctl(admin, ['drain', 'items', ':4001']);
    assert.equal(code, 0);
    assert.deepEqual(printed, [`${FIRST} is draining`]);
    assert.equal(audit.entries[0]?.target, `items ${FIRST}`);
    const again = await ctl(admin, ['drain', 'items', '127.0.0.1:4001']);
    assert.deepEqual(again.printed, ['nothing to change']);
    assert.deepEqual((await ctl(admin, ['enable', 'items', FIRST])).printed, [
      `${FIRST} is enabled`,
    ]);
  });

  it('a weight, and back', async (t) => {
    const { admin } = await openAdmin(t, { token: TOKEN });
    assert.deepEqual((await ctl(admin, ['weight', 'items', ':4002', '0.5'])).printed, [
      `${SECOND} has weight 0.5`,
    ]);
    assert.deepEqual((await ctl(admin, ['weight', 'items', ':4002', 'default'])).printed, [
      `${SECOND} has its configured weight again`,
    ]);
  });

  it('the whole edge', async (t) => {
    const control = fakeControl();
    const { admin } = await openAdmin(t, { control, token: TOKEN });
    assert.deepEqual((await ctl(admin, ['reload'])).printed, ['~ workers 1 → 2']);
    assert.equal((await ctl(admin, ['restart'])).code, 0);
    assert.equal((await ctl(admin, ['scale', '3'])).code, 0);
    assert.deepEqual(control.calls, [
      'reload by admin 127.0.0.1',
      'restart by admin 127.0.0.1',
      'scale 3 by admin 127.0.0.1',
    ]);
  });

  it('what the cache has, by forgetting', async (t) => {
    const control = fakeControl();
    const { admin } = await openAdmin(t, { control, token: TOKEN });
    const url = 'http://a.example/items?page=2';
    assert.deepEqual((await ctl(admin, ['purge', '--url', url])).printed, ['url is forgotten']);
    const json = await ctl(admin, ['purge', '--tag', 'a', '--tag', 'b', '--json']);
    assert.deepEqual(json.printed, [
      '{"changed":["tags is forgotten"],"workers":2,"reach":"here"}',
    ]);
    await ctl(admin, ['purge', '--prefix', 'http://a.example/']);
    await ctl(admin, ['purge', '--all']);
    assert.deepEqual(control.calls, [
      `purge {"kind":"url","url":"${url}"} by admin 127.0.0.1`,
      'purge {"kind":"tags","tags":["a","b"]} by admin 127.0.0.1',
      'purge {"kind":"prefix","prefix":"http://a.example/"} by admin 127.0.0.1',
      'purge {"kind":"all"} by admin 127.0.0.1',
    ]);
    const wrong = await ctl(admin, ['purge', '--url', '/items']);
    assert.equal(wrong.code, 1);
    assert.match(`${wrong.complaints}`, /^headgate: expected an absolute URL such as/);
  });

  it('over a Unix socket without a token', async (t) => {
    const endpoint = { kind: 'unix', path: await socketPathFor(t) } as const;
    const { admin } = await openAdmin(t, { endpoint });
    const { deps, printed } = captured();
    assert.equal(await runCtl(command('ctl', [...at(admin), 'reload', '--json']), deps), 0);
    assert.deepEqual(printed, ['{"changed":["~ workers 1 → 2"]}']);
  });
});

describe('headgate ctl fails', () => {
  it('with the reason of the edge', async (t) => {
    const { admin } = await openAdmin(t);
    const { code, complaints } = await ctl(admin, ['reload']);
    assert.equal(code, 1);
    assert.match(`${complaints}`, /^headgate: this listener only reads, because it has no token/);
  });

  it('when a name is nobody or several', async (t) => {
    const services = async () => {
      const { services } = await fakeControl().services();
      return { services: services.map((each) => renamed(each, 'http://10.0.0.9:4001')) };
    };
    const { admin } = await openAdmin(t, { control: fakeControl({ services }), token: TOKEN });
    const several = await ctl(admin, ['drain', 'items', ':4001']);
    assert.equal(several.code, 1);
    assert.match(`${several.complaints}`, /":4001" may be .* or http:\/\/10\.0\.0\.9:4001$/);
    const nobody = await ctl(admin, ['drain', 'items', ':4999']);
    assert.equal(nobody.code, 1);
    assert.match(`${nobody.complaints}`, /items has no upstream ":4999"/);
  });

  it('when nobody answers, and says where it asked', async (t) => {
    const { admin } = await openAdmin(t);
    await admin.close();
    const { code, complaints } = await ctl(admin, ['status']);
    assert.equal(code, 1);
    assert.match(`${complaints}`, /no edge answers at 127\.0\.0\.1:\d+; is it running/);
  });

  it('when it is not clear which edge is meant', async () => {
    const { deps, complaints } = captured();
    assert.equal(await runCtl(command('ctl', ['status']), deps), 2);
    assert.match(`${complaints}`, /^headgate: no --admin ADDRESS, no --config FILE/);
  });
});

/** With another address for its second upstream. */
function renamed(service: ServiceStatus, url: string): ServiceStatus {
  const [first, ...others] = service.upstreams;
  return first
    ? { ...service, upstreams: [first, ...others.map((each) => ({ ...each, url }))] }
    : service;
}

describe('headgate ctl drain --wait', () => {
  /** A control whose first upstream has so many requests in flight, reading after reading. */
  function draining(...inFlight: number[]) {
    const plain = fakeControl();
    const services = async () => {
      const left = inFlight.length > 1 ? inFlight.shift() : inFlight[0];
      const { services: all } = await plain.services();
      return {
        services: all.map((service) => ({
          ...service,
          upstreams: service.upstreams.map((each) => ({ ...each, inFlight: left ?? 0 })),
        })),
      };
    };
    return { ...plain, services };
  }

  it('waits until nothing is in flight, and tells each change', async (t) => {
    // The first reading is for the name of the upstream.
    const { admin } = await openAdmin(t, { control: draining(9, 3, 3, 1, 0), token: TOKEN });
    const { code, printed, slept } = await ctl(admin, ['drain', 'items', ':4001', '--wait']);
    assert.equal(code, 0);
    assert.deepEqual(printed, [
      `${FIRST} is draining`,
      `3 in flight at ${FIRST}`,
      `1 in flight at ${FIRST}`,
      `nothing is in flight at ${FIRST}`,
    ]);
    assert.equal(slept.length, 3);
  });

  it('waits for workers that leave, whose requests may be there', async (t) => {
    const control = draining(0);
    const [worker] = control.workers();
    assert.ok(worker);
    const inFlight = [2, 2, 1, 0];
    const workers = () => [
      { ...worker, inFlight: 7 },
      { ...worker, id: 9, state: 'draining' as const, inFlight: inFlight.shift() ?? 0 },
    ];
    const { admin } = await openAdmin(t, { control: { ...control, workers }, token: TOKEN });
    const { code, printed, slept } = await ctl(admin, ['drain', 'items', ':4001', '--wait']);
    assert.equal(code, 0);
    assert.deepEqual(printed.slice(1), [
      '2 in flight in workers that leave',
      '1 in flight in workers that leave',
      `nothing is in flight at ${FIRST}`,
    ]);
    assert.equal(slept.length, 3);
  });

  it('gives up in the end, with the upstream still draining', async (t) => {
    const control = draining(2);
    const { admin } = await openAdmin(t, { control, token: TOKEN });
    const { code, complaints } = await ctl(admin, ['drain', 'items', ':4001', '--wait', '2s']);
    assert.equal(code, 1);
    assert.deepEqual(complaints, [`headgate: 2 still in flight at ${FIRST} after 2s`]);
    assert.equal(control.operatorEntries()[0]?.state, 'draining');
  });

  it('leaves one JSON document on standard output', async (t) => {
    const { admin } = await openAdmin(t, { control: draining(9, 3, 0), token: TOKEN });
    const { printed, complaints } = await ctl(admin, [
      'drain',
      'items',
      ':4001',
      '--wait',
      '--json',
    ]);
    assert.deepEqual(printed, [`{"changed":["${FIRST} is draining"]}`]);
    assert.equal(complaints.length, 2);
  });
});
