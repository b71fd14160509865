/** Names become upstreams: discovery against a DNS server that changes its mind. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  Discovery,
  type DiscoveryEvent,
  type Found,
  loadProxyConfig,
  networkDns,
  type ProxyConfig,
  type ProxyConfigInput,
} from '@headgate/proxy';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { eventually } from '../support/eventually.ts';

type Entry = ProxyConfigInput['services'][string]['upstreams'][number];

const DNS = 'dns http://items.test:4001';

/** Quick enough to wait for, and never in anybody's way. */
const QUICK = { minTtl: '50ms', maxTtl: '100ms', hold: '300ms', timeout: '500ms' };

interface Discovered {
  /** URLs of the only entry, as they are now. */
  readonly urls: () => readonly string[];
  readonly found: () => Found;
  readonly events: readonly DiscoveryEvent[];
}

/** Follows one entry until the test is over; resolves when it is ready. */
async function discover(
  t: TestContext,
  dns: DnsServer,
  entry: Entry,
  resolver: ProxyConfigInput['resolver'] = QUICK,
): Promise<Discovered> {
  const events: DiscoveryEvent[] = [];
  const discovery = new Discovery({
    dns: networkDns,
    now: () => performance.now(),
    random: Math.random,
    schedule(delayMs, act) {
      const timer = setTimeout(act, delayMs);
      return () => clearTimeout(timer);
    },
    directory: '.',
    env: {},
    onChange() {},
    onEvent: (event) => events.push(event),
  });
  t.after(() => discovery.stop());
  await discovery.follow(await load(entry, { servers: [dns.address], ...resolver })).ready;
  return {
    urls: () => [...discovery.found.values()].flat().map(({ url }) => url),
    found: () => discovery.found,
    events,
  };
}

async function load(entry: Entry, resolver: ProxyConfigInput['resolver']): Promise<ProxyConfig> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-discovery-'));
  const file = join(directory, 'headgate.json');
  const config: ProxyConfigInput = {
    listeners: [{ address: '127.0.0.1:0' }],
    services: { items: { upstreams: [entry] } },
    routes: [{ service: 'items' }],
    resolver,
  };
  writeFileSync(file, JSON.stringify(config));
  const loaded = await loadProxyConfig(file, {});
  rmSync(directory, { recursive: true });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

describe('names become upstreams', () => {
  it('of every A and AAAA record, in an order of their own', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('items.test', [
      { type: 'A', address: '10.0.0.2' },
      { type: 'AAAA', address: 'fd00::12:1' },
      { type: 'A', address: '10.0.0.1' },
    ]);
    const { urls } = await discover(t, dns, { dns: 'http://items.test:4001' });
    assert.deepEqual(urls(), [
      'http://10.0.0.1:4001',
      'http://10.0.0.2:4001',
      'http://[fd00::12:1]:4001',
    ]);
  });

  it('that follow what the server says from then on', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('items.test', [{ type: 'A', address: '10.0.0.1', ttl: 0 }]);
    const { urls } = await discover(t, dns, { dns: 'http://items.test:4001' });
    dns.set('items.test', [
      { type: 'A', address: '10.0.0.1', ttl: 0 },
      { type: 'A', address: '10.0.0.2', ttl: 0 },
    ]);
    await eventually(() => assert.equal(urls().length, 2));
    dns.set('items.test', [{ type: 'A', address: '10.0.0.2', ttl: 0 }]);
    await eventually(() => assert.deepEqual(urls(), ['http://10.0.0.2:4001']));
  });

  it('for as long as the records say', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('items.test', [{ type: 'A', address: '10.0.0.1', ttl: 1 }]);
    const times = () => dns.asked.filter((question) => question === 'A items.test').length;
    const beforeMs = performance.now();
    await discover(t, dns, { dns: 'http://items.test:4001' }, { ...QUICK, maxTtl: '1m' });
    await eventually(() => assert.ok(times() >= 2));
    assert.ok(performance.now() - beforeMs >= 900, 'was asked again before the records ran out');
  });

  for (const trouble of ['SERVFAIL', 'REFUSED', 'silent'] as const) {
    it(`that stay while the server is in trouble: ${trouble}`, async (t) => {
      const dns = await startDnsServer(t);
      dns.set('items.test', [{ type: 'A', address: '10.0.0.1', ttl: 0 }]);
      const { urls, events } = await discover(t, dns, { dns: 'http://items.test:4001' });
      dns.set('items.test', trouble);
      const said = () => events.find(({ source }) => source === 'A items.test');
      await eventually(() => assert.equal(said()?.what, 'failed'));
      const word = trouble === 'silent' ? 'no answer within 500 ms' : trouble;
      assert.match(said()?.reason ?? '', new RegExp(word));
      const before = dns.asked.length;
      await eventually(() => assert.ok(dns.asked.length > before + 4));
      assert.deepEqual(urls(), ['http://10.0.0.1:4001']);
      dns.set('items.test', [{ type: 'A', address: '10.0.0.9', ttl: 0 }]);
      await eventually(() => assert.deepEqual(urls(), ['http://10.0.0.9:4001']));
      const all = events.filter(({ source }) => source === 'A items.test');
      assert.equal(all.at(-1)?.what, 'recovered');
    });
  }

  it('that are given up when the name stays gone', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('items.test', [{ type: 'A', address: '10.0.0.1', ttl: 0 }]);
    const { urls, events } = await discover(t, dns, { dns: 'http://items.test:4001' });
    const goneMs = performance.now();
    dns.remove('items.test');
    await eventually(() => assert.deepEqual(urls(), []));
    assert.ok(performance.now() - goneMs >= 300, 'was given up before the hold was over');
    const empty = events.find(({ what }) => what === 'empty');
    assert.equal(empty?.source, `upstreams of ${DNS}`);
    assert.match(empty?.reason ?? '', /NXDOMAIN/);
  });

  it('after a while, when the server is silent at first', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('items.test', 'silent');
    const { urls } = await discover(t, dns, { dns: 'http://items.test:4001' });
    assert.deepEqual(urls(), []);
    dns.set('items.test', [{ type: 'A', address: '10.0.0.1' }]);
    await eventually(() => assert.deepEqual(urls(), ['http://10.0.0.1:4001']));
  });

  it('from the second server when the first is not there', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('items.test', [{ type: 'A', address: '10.0.0.1' }]);
    const servers = ['127.0.0.1:1', dns.address];
    const { urls } = await discover(t, dns, { dns: 'http://items.test:4001' }, { servers });
    assert.deepEqual(urls(), ['http://10.0.0.1:4001']);
  });

  it('from the system when the name is localhost', async (t) => {
    const dns = await startDnsServer(t);
    const { urls } = await discover(t, dns, { dns: 'http://localhost:4001' });
    assert.ok(urls().includes('http://127.0.0.1:4001'), urls().join());
    assert.deepEqual(dns.asked, []);
  });
});

describe('SRV records become upstreams', () => {
  const srv = 'https://_https._tcp.items.test';

  it('with ports, shares and the name of their certificates', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('_https._tcp.items.test', [
      { type: 'SRV', target: 'a.test', port: 4001, priority: 1, weight: 30 },
      { type: 'SRV', target: 'b.test', port: 4002, priority: 1, weight: 10 },
      { type: 'SRV', target: 'c.test', port: 4003, priority: 2 },
    ]);
    dns.set('a.test', [{ type: 'A', address: '10.0.0.1' }]);
    dns.set('b.test', [{ type: 'AAAA', address: 'fd00::2' }]);
    dns.set('c.test', [{ type: 'A', address: '10.0.0.3' }]);
    const { found } = await discover(t, dns, { srv });
    assert.deepEqual(found().get(`srv ${srv}`), [
      { url: 'https://10.0.0.1:4001', weight: 1.5, tlsName: 'items.test' },
      { url: 'https://[fd00::2]:4002', weight: 0.5, tlsName: 'items.test' },
    ]);
  });

  it('of the next priority when none of the first has an address', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('_https._tcp.items.test', [
      { type: 'SRV', target: 'a.test', port: 4001, priority: 1, ttl: 0 },
      { type: 'SRV', target: 'c.test', port: 4003, priority: 2, ttl: 0 },
    ]);
    dns.set('a.test', [{ type: 'A', address: '10.0.0.1', ttl: 0 }]);
    dns.set('c.test', [{ type: 'A', address: '10.0.0.3', ttl: 0 }]);
    const { urls } = await discover(t, dns, { srv });
    assert.deepEqual(urls(), ['https://10.0.0.1:4001']);
    dns.remove('a.test');
    await eventually(() => assert.deepEqual(urls(), ['https://10.0.0.3:4003']));
  });

  it('but not one that says the service is not available', async (t) => {
    const dns = await startDnsServer(t);
    dns.set('_https._tcp.items.test', [{ type: 'SRV', target: '.', port: 0 }]);
    const { urls, events } = await discover(t, dns, { srv });
    assert.deepEqual(urls(), []);
    assert.match(events[0]?.reason ?? '', /not available/);
  });
});
