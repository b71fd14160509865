/** Names and files become upstreams of every worker, and nobody who asks notices them change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyConfigInput } from '@headgate/proxy';
import { readApp } from '../support/admin-client.ts';
import type { ConfigFile } from '../support/config-file.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { eventually, soon } from '../support/eventually.ts';
import {
  answersMore,
  assertQuiet,
  awaitShare,
  underLosslessLoad,
} from '../support/lossless-load.ts';
import { awaitWorkers, change, TOKEN } from '../support/operator.ts';
import { type PatientOrigin, startPatientOrigin } from '../support/patient-origin.ts';
import {
  configTo,
  type ProxyProcess,
  startProxy,
  type TestConfig,
} from '../support/proxy-process.ts';
import { get } from '../support/raw-client.ts';
import { renamedConfig } from '../support/replaced-config.ts';

type Entry = ProxyConfigInput['services'][string]['upstreams'][number];

type Resolver = NonNullable<ProxyConfigInput['resolver']>;

/** Quick enough to wait for; but this machine may take its time to answer. */
const RESOLVER: Resolver = { minTtl: '50ms', maxTtl: '100ms', hold: '300ms', timeout: '15s' };

/** For servers that do not answer at all. */
const IMPATIENT: Resolver = { timeout: '500ms' };

const WORKERS = 2;

/** As many connections as no worker can be missed by; each is a new one. */
const MANY = 30;

function discovering(entry: Entry, dns?: DnsServer, resolver: Resolver = {}): TestConfig {
  const upstreams = [{ maxInFlight: 2_000, ...entry }];
  return {
    ...configTo([], { policy: 'round-robin', upstreams }),
    ...(dns && { resolver: { servers: [dns.address], ...RESOLVER, ...resolver } }),
    admin: { address: '127.0.0.1:0', token: TOKEN },
    workers: WORKERS,
    logLevel: 'info',
  };
}

type Three = [PatientOrigin, PatientOrigin, PatientOrigin];
type OnOnePort = Three & AsyncDisposable;

/** Three origins on one port of several addresses of this machine, as the instances of one service. */
async function onOnePort(): Promise<OnOnePort> {
  const one = await startPatientOrigin('one');
  const at = (host: string) => ({ host, port: one.port });
  const two = await startPatientOrigin('two', at('127.0.0.2'));
  const three = await startPatientOrigin('three', at('127.0.0.3'));
  const origins: Three = [one, two, three];
  return Object.assign(origins, {
    async [Symbol.asyncDispose]() {
      await Promise.all(origins.map((origin) => origin[Symbol.asyncDispose]()));
    },
  });
}

/** From now on `items.test` has the addresses of these. */
function announce(dns: DnsServer, origins: readonly PatientOrigin[]): void {
  const addresses = origins.map(({ url }) => new URL(url).hostname);
  dns.set(
    'items.test',
    addresses.map((address) => ({ type: 'A', address, ttl: 0 })),
  );
}

/** Waits until the edge has these upstreams, and no others. */
async function awaitUpstreams(
  proxy: ProxyProcess,
  origins: readonly PatientOrigin[],
): Promise<void> {
  const expected = origins.map(({ url }) => url).sort();
  await eventually(async () => {
    const { upstreams } = await readApp(proxy);
    assert.deepEqual(upstreams.map(({ url }) => url).sort(), expected);
  });
}

/** Waits until `count` questions have been asked from here on. */
async function awaitQuestions(dns: DnsServer, count: number): Promise<void> {
  const enough = dns.asked.length + count;
  await eventually(() => assert.ok(dns.asked.length >= enough));
}

/** What so many new connections are answered with. */
async function statuses(proxy: ProxyProcess): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: MANY }, () => get(proxy.port)));
  return [...new Set(answers.map(({ status }) => status))];
}

test('addresses of a name come and go under load, and no request fails', async (t) => {
  const dns = await startDnsServer(t);
  await using origins = await onOnePort();
  const [one, two, three] = origins;
  announce(dns, [one, two]);
  const entry = { dns: `http://items.test:${one.port}` };
  await using proxy = await startProxy(discovering(entry, dns), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await awaitShare(one, load, 0.4, 0.6);
    announce(dns, origins);
    await awaitShare(three, load, 0.25, 0.42);
    announce(dns, [two, three]);
    await awaitUpstreams(proxy, [two, three]);
    await assertQuiet(one, load);
    await awaitShare(two, load, 0.4, 0.6);
    // Nothing is left of what was there.
    announce(dns, [one]);
    await awaitUpstreams(proxy, [one]);
    await assertQuiet(two, load);
    await assertQuiet(three, load);
  });
});

test('what is asked of an upstream when its address goes is answered still', async (t) => {
  const dns = await startDnsServer(t);
  await using origins = await onOnePort();
  const [one, two] = origins;
  announce(dns, [one, two]);
  const entry = { dns: `http://items.test:${one.port}` };
  await using proxy = await startProxy(discovering(entry, dns), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await answersMore(load, 20);
    two.hold();
    await eventually(() => assert.ok(two.held >= 5));
    announce(dns, [one]);
    await awaitUpstreams(proxy, [one]);
    await assertQuiet(two, load);
    assert.ok(two.held >= 5);
    two.release();
  });
});

test('an address that is new gets one request of each worker until it has answered', async (t) => {
  const dns = await startDnsServer(t);
  await using origins = await onOnePort();
  const [one, two] = origins;
  announce(dns, [one]);
  const entry = { dns: `http://items.test:${one.port}` };
  await using proxy = await startProxy(discovering(entry, dns), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await answersMore(load, 20);
    two.hold();
    announce(dns, [one, two]);
    await eventually(() => assert.equal(two.held, WORKERS));
    await answersMore(load);
    assert.equal(two.asked, WORKERS);
    two.release();
    await awaitShare(two, load, 0.4, 0.6);
  });
});

test('targets of SRV records come and go under load, each with its weight', async (t) => {
  const dns = await startDnsServer(t);
  await using one = await startPatientOrigin('one');
  await using two = await startPatientOrigin('two');
  const record = ({ port }: PatientOrigin, weight: number) =>
    ({ type: 'SRV', target: 'host.test', port, weight, ttl: 0 }) as const;
  dns.set('host.test', [{ type: 'A', address: '127.0.0.1', ttl: 0 }]);
  dns.set('_http._tcp.items.test', [record(one, 1)]);
  const entry = { srv: 'http://_http._tcp.items.test' };
  await using proxy = await startProxy(discovering(entry, dns), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    dns.set('_http._tcp.items.test', [record(one, 1), record(two, 3)]);
    await awaitUpstreams(proxy, [one, two]);
    await awaitShare(two, load, 0.65, 0.85);
    dns.set('_http._tcp.items.test', [record(two, 3)]);
    await awaitUpstreams(proxy, [two]);
    await assertQuiet(one, load);
  });
});

test('a list that is replaced again and again fails no request', async () => {
  await using one = await startPatientOrigin('one');
  await using two = await startPatientOrigin('two');
  const text = (...origins: PatientOrigin[]) => JSON.stringify(origins.map(({ url }) => ({ url })));
  await using list: ConfigFile = await renamedConfig(text(one));
  const entry = { file: list.path };
  await using proxy = await startProxy(discovering(entry), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await list.write(text(one, two));
    await awaitShare(two, load, 0.4, 0.6);
    await list.write(text(two));
    await awaitUpstreams(proxy, [two]);
    await assertQuiet(one, load);

    await list.write('[{ "url": "http://127.0.0.1:1", "wieght": 2 }]');
    await eventually(() => assert.match(proxy.stderr, /wieght.*weight/));
    await answersMore(load);
    await awaitUpstreams(proxy, [two]);

    await list.write(text(one));
    await awaitUpstreams(proxy, [one]);
    await assertQuiet(two, load);
  });
});

test('a DNS server that falls silent takes nothing away, not even from new workers', async (t) => {
  const dns = await startDnsServer(t);
  await using origins = await onOnePort();
  const [one, two] = origins;
  announce(dns, [one, two]);
  const entry = { dns: `http://items.test:${one.port}` };
  await using proxy = await startProxy(discovering(entry, dns, IMPATIENT), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    dns.set('items.test', 'silent');
    await eventually(() => assert.match(proxy.stderr, /A items\.test: failed: .*stay in use/));
    await awaitQuestions(dns, 4);
    await awaitUpstreams(proxy, [one, two]);
    assert.equal((await change(proxy, '/api/restart')).status, 200);
    await awaitWorkers(proxy, WORKERS);
    await awaitUpstreams(proxy, [one, two]);
    await awaitShare(one, load, 0.4, 0.6);
    announce(dns, [one]);
    await awaitUpstreams(proxy, [one]);
    await eventually(() => assert.match(proxy.stderr, /A items\.test: recovered/));
  });
});

test('what is found while a worker stands still is in force everywhere when it goes on', async (t) => {
  const dns = await startDnsServer(t);
  await using origins = await onOnePort();
  const [one, two] = origins;
  announce(dns, [one]);
  const entry = { dns: `http://items.test:${one.port}` };
  // Nobody is to be replaced while it stands still.
  const config = { ...discovering(entry, dns), supervision: { stuckAfter: '2m' } } as const;
  await using proxy = await startProxy(config, 'supervised');
  const [worker] = await awaitWorkers(proxy, WORKERS);
  process.kill(worker?.pid as number, 'SIGSTOP');
  try {
    announce(dns, [two]);
    await eventually(() => assert.match(proxy.stderr, /what discovery found is not in use yet/));
  } finally {
    process.kill(worker?.pid as number, 'SIGCONT');
  }
  await awaitUpstreams(proxy, [two]);
  await underLosslessLoad(proxy.port, (load) => assertQuiet(one, load));
});

test('a name that stays gone leaves nobody to ask, until it is back', async (t) => {
  const dns = await startDnsServer(t);
  await using one = await startPatientOrigin();
  announce(dns, [one]);
  const entry = { dns: `http://items.test:${one.port}` };
  await using proxy = await startProxy(discovering(entry, dns), 'supervised');
  assert.deepEqual(await statuses(proxy), [200]);
  dns.remove('items.test');
  await eventually(async () => assert.deepEqual(await statuses(proxy), [503]));
  await awaitUpstreams(proxy, []);
  assert.match(proxy.stderr, /upstreams of dns .*: empty: .*NXDOMAIN/);
  announce(dns, [one]);
  await eventually(async () => assert.deepEqual(await statuses(proxy), [200]));
});

test('a name that is gone for less than its hold fails no request', async (t) => {
  const dns = await startDnsServer(t);
  await using one = await startPatientOrigin();
  announce(dns, [one]);
  const entry = { dns: `http://items.test:${one.port}` };
  const config = discovering(entry, dns, { hold: '10m' });
  await using proxy = await startProxy(config, 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    dns.remove('items.test');
    await awaitQuestions(dns, 10);
    await answersMore(load);
    announce(dns, [one]);
    await awaitQuestions(dns, 4);
  });
});

test('names are known in every worker before the edge says ready', async (t) => {
  const dns = await startDnsServer(t);
  await using one = await startPatientOrigin();
  announce(dns, [one]);
  const entry = { dns: `http://items.test:${one.port}` };
  await using proxy = await startProxy(discovering(entry, dns), 'supervised');
  assert.ok(dns.asked.includes('A items.test'));
  assert.ok(dns.asked.includes('AAAA items.test'));
  assert.deepEqual(await statuses(proxy), [200]);
});

test('a DNS server that is silent from the start keeps the edge from nothing', async (t) => {
  const dns = await startDnsServer(t);
  await using one = await startPatientOrigin();
  dns.set('items.test', 'silent');
  const entry = { dns: `http://items.test:${one.port}` };
  await using proxy = await startProxy(discovering(entry, dns, IMPATIENT), 'supervised');
  assert.deepEqual(await statuses(proxy), [503]);
  announce(dns, [one]);
  await eventually(async () => assert.deepEqual(await statuses(proxy), [200]));
});

test('a reload that names another service finds it before it is in force', async (t) => {
  const dns = await startDnsServer(t);
  await using origins = await onOnePort();
  const [one, two] = origins;
  announce(dns, [one]);
  dns.set('other.test', [{ type: 'A', address: '127.0.0.2', ttl: 0 }]);
  const at = (name: string) => ({ dns: `http://${name}:${one.port}` });
  await using proxy = await startProxy(discovering(at('items.test'), dns), 'supervised');
  await underLosslessLoad(proxy.port, async (load) => {
    await soon(proxy.reload(discovering(at('other.test'), dns)), 'the reload');
    await assertQuiet(one, load);
    await awaitShare(two, load, 1);
    const before = dns.asked.length;
    await awaitQuestions(dns, 6);
    const stale = dns.asked.slice(before).filter((question) => question.includes('items.test'));
    assert.deepEqual(stale, []);
  });
});
