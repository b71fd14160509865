import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addresses, configOf, createDiscovery } from './discovery.test-support.ts';
import type { Answer } from './known.ts';
import type { SrvTarget } from './srv.ts';

const DNS = 'dns http://items.test:80';
const SRV = 'srv http://_http._tcp.items.test';

const failed: Answer<string> = { kind: 'failed', reason: 'no answer' };

function targets(...records: SrvTarget[]): Answer<SrvTarget> {
  return { kind: 'found', records, ttlMs: undefined };
}

function target(name: string, priority = 0): SrvTarget {
  return { name, port: 80, priority, weight: 1 };
}

describe('discovery by name', () => {
  it('is ready with all addresses of both families', async (t) => {
    const { discovery, answers } = createDiscovery(t);
    answers.set('A items.test', addresses(5, '10.0.0.2', '10.0.0.1'));
    answers.set('AAAA items.test', addresses(5, 'fd00::1'));
    const found = await discovery.follow(configOf([{ dns: 'http://items.test:80' }])).ready;
    assert.deepEqual(
      found.get(DNS)?.map(({ url }) => url),
      ['http://10.0.0.1:80', 'http://10.0.0.2:80', 'http://[fd00::1]:80'],
    );
  });

  it('is ready without asking when nothing is to be discovered', async (t) => {
    const { discovery, asked } = createDiscovery(t);
    const { ready } = discovery.follow(configOf([{ url: 'http://10.0.0.1' }]));
    assert.equal((await ready).size, 0);
    assert.deepEqual(asked, []);
  });

  it('asks once for a name that several services have', async (t) => {
    const { discovery, asked } = createDiscovery(t);
    const entries = [{ dns: 'http://items.test:80' }];
    await discovery.follow(configOf(entries, entries, [{ dns: 'https://items.test' }])).ready;
    assert.deepEqual(asked, ['A items.test', 'AAAA items.test']);
  });

  it('asks again when the records run out, and tells what is new once', async (t) => {
    const { discovery, answers, asked, told, pass, urls } = createDiscovery(t);
    answers.set('A items.test', addresses(5, '10.0.0.1'));
    answers.set('AAAA items.test', addresses(5, 'fd00::1'));
    await discovery.follow(configOf([{ dns: 'http://items.test:80' }])).ready;
    await pass(4_999);
    assert.equal(asked.length, 2);
    answers.set('A items.test', addresses(5, '10.0.0.2', '10.0.0.1'));
    answers.set('AAAA items.test', addresses(5, 'fd00::2'));
    await pass(2);
    assert.equal(asked.length, 4);
    assert.equal(told.length, 0);
    await pass(50);
    assert.equal(told.length, 1);
    assert.deepEqual(urls(DNS), [
      'http://10.0.0.1:80',
      'http://10.0.0.2:80',
      'http://[fd00::2]:80',
    ]);
  });

  it('tells nothing while records only change their order and lifetime', async (t) => {
    const { discovery, answers, told, pass } = createDiscovery(t);
    answers.set('A items.test', addresses(5, '10.0.0.1', '10.0.0.2'));
    await discovery.follow(configOf([{ dns: 'http://items.test:80' }])).ready;
    answers.set('A items.test', addresses(7, '10.0.0.2', '10.0.0.1'));
    await pass(60_000);
    assert.deepEqual(told, []);
  });

  it('keeps what it had while the server fails, and says so once', async (t) => {
    const { discovery, answers, asked, told, events, pass, urls } = createDiscovery(t);
    answers.set('A items.test', addresses(5, '10.0.0.1'));
    await discovery.follow(configOf([{ dns: 'http://items.test:80' }])).ready;
    answers.set('A items.test', failed);
    await pass(24 * 3_600_000);
    assert.deepEqual(urls(DNS), ['http://10.0.0.1:80']);
    assert.deepEqual(told, []);
    assert.deepEqual(events, [
      {
        what: 'failed',
        source: 'A items.test',
        reason: 'no answer; the 1 records of before stay in use',
      },
    ]);
    const before = asked.length;
    answers.set('A items.test', addresses(5, '10.0.0.1'));
    await pass(60_000);
    assert.equal(events.at(-1)?.what, 'recovered');
    assert.ok(asked.length > before);
  });

  it('gives up a name that stays gone, after a while', async (t) => {
    const { discovery, answers, told, events, pass, urls } = createDiscovery(t);
    answers.set('A items.test', addresses(5, '10.0.0.1'));
    await discovery.follow(configOf([{ dns: 'http://items.test:80' }])).ready;
    answers.delete('A items.test');
    await pass(34_900);
    assert.deepEqual(urls(DNS), ['http://10.0.0.1:80']);
    await pass(200);
    assert.deepEqual(urls(DNS), []);
    assert.equal(told.length, 1);
    assert.deepEqual(
      events.map(({ what, source }) => `${what} ${source}`),
      ['failed A items.test', `empty upstreams of ${DNS}`],
    );
    answers.set('A items.test', addresses(5, '10.0.0.9'));
    await pass(61_000);
    assert.deepEqual(urls(DNS), ['http://10.0.0.9:80']);
    assert.deepEqual(
      events.slice(2).map(({ what, source }) => `${what} ${source}`),
      ['recovered A items.test', `recovered upstreams of ${DNS}`],
    );
  });

  it('is ready with nothing when the name is not there, and says why', async (t) => {
    const { discovery, events } = createDiscovery(t);
    const found = await discovery.follow(configOf([{ dns: 'http://items.test:80' }])).ready;
    assert.deepEqual(found.get(DNS), []);
    assert.deepEqual(events, [
      { what: 'empty', source: `upstreams of ${DNS}`, reason: 'no such name' },
    ]);
  });

  it('asks nobody any more when it is stopped', async (t) => {
    const { discovery, answers, asked, told, pass } = createDiscovery(t);
    answers.set('A items.test', addresses(5, '10.0.0.1'));
    const unanswered = discovery.follow(configOf([{ dns: 'http://items.test:80' }])).ready;
    discovery.stop();
    await unanswered;
    await pass(600_000);
    assert.equal(asked.length, 2);
    assert.deepEqual(told, []);
  });
});

describe('discovery by SRV records', () => {
  it('is ready when the targets have been asked for too', async (t) => {
    const { discovery, answers } = createDiscovery(t);
    answers.set('SRV _http._tcp.items.test', targets(target('a.test'), target('b.test')));
    answers.set('A a.test', addresses(5, '10.0.0.1'));
    answers.set('A b.test', addresses(5, '10.0.0.2'));
    const { ready } = discovery.follow(configOf([{ srv: 'http://_http._tcp.items.test' }]));
    const urls = (await ready).get(SRV)?.map(({ url }) => url);
    assert.deepEqual(urls, ['http://10.0.0.1:80', 'http://10.0.0.2:80']);
  });

  it('keeps the old targets until the new ones have been asked for', async (t) => {
    const { discovery, answers, told, asked, pass, urls } = createDiscovery(t);
    answers.set('SRV _http._tcp.items.test', targets(target('a.test')));
    answers.set('A a.test', addresses(5, '10.0.0.1'));
    await discovery.follow(configOf([{ srv: 'http://_http._tcp.items.test' }])).ready;
    answers.set('SRV _http._tcp.items.test', targets(target('b.test')));
    answers.set('A b.test', addresses(5, '10.0.0.2'));
    await pass(10_000);
    assert.deepEqual(
      told.map((found) => found.get(SRV)?.map(({ url }) => url)),
      [['http://10.0.0.2:80']],
    );
    assert.deepEqual(urls(SRV), ['http://10.0.0.2:80']);
    // Nobody asks for the old one any more.
    const before = asked.filter((question) => question === 'A a.test').length;
    await pass(60_000);
    assert.equal(asked.filter((question) => question === 'A a.test').length, before);
  });

  it('is asked for again when the addresses of its targets run out', async (t) => {
    const { discovery, answers, asked, pass } = createDiscovery(t);
    answers.set('SRV _http._tcp.items.test', targets(target('a.test')));
    answers.set('A a.test', addresses(20, '10.0.0.1'));
    await discovery.follow(configOf([{ srv: 'http://_http._tcp.items.test' }])).ready;
    // The first time nothing is known of the targets yet.
    await pass(1_000);
    const times = () => asked.filter((question) => question.startsWith('SRV')).length;
    assert.equal(times(), 2);
    await pass(19_900);
    assert.equal(times(), 2);
    await pass(200);
    assert.equal(times(), 3);
  });

  it('goes over to the next priority when the targets of the first are gone', async (t) => {
    const { discovery, answers, pass, urls } = createDiscovery(t);
    const both = targets(target('a.test', 1), target('b.test', 2));
    answers.set('SRV _http._tcp.items.test', both);
    answers.set('A a.test', addresses(5, '10.0.0.1'));
    answers.set('A b.test', addresses(5, '10.0.0.2'));
    await discovery.follow(configOf([{ srv: 'http://_http._tcp.items.test' }])).ready;
    assert.deepEqual(urls(SRV), ['http://10.0.0.1:80']);
    answers.delete('A a.test');
    await pass(40_000);
    assert.deepEqual(urls(SRV), ['http://10.0.0.2:80']);
    answers.set('A a.test', addresses(5, '10.0.0.1'));
    await pass(60_000);
    assert.deepEqual(urls(SRV), ['http://10.0.0.1:80']);
  });
});

describe('discovery over a reload', () => {
  it('keeps the old config true until it is let go', async (t) => {
    const { discovery, answers, asked, pass, urls } = createDiscovery(t);
    answers.set('A items.test', addresses(5, '10.0.0.1'));
    answers.set('A next.test', addresses(5, '10.0.1.1'));
    const before = discovery.follow(configOf([{ dns: 'http://items.test:80' }]));
    await before.ready;
    const next = discovery.follow(configOf([{ dns: 'http://next.test:80' }]));
    const found = await next.ready;
    assert.deepEqual([...found.keys()], [DNS, 'dns http://next.test:80']);
    before.stop();
    assert.equal(urls(DNS), undefined);
    asked.length = 0;
    await pass(20_000);
    assert.ok(asked.includes('A next.test'));
    assert.ok(!asked.includes('A items.test'));
  });

  it('asks for nothing again that the new config has as well', async (t) => {
    const { discovery, answers, asked } = createDiscovery(t);
    answers.set('A items.test', addresses(60, '10.0.0.1'));
    const config = configOf([{ dns: 'http://items.test:80' }]);
    const before = discovery.follow(config);
    await before.ready;
    const found = await discovery.follow(config).ready;
    before.stop();
    assert.equal(found.get(DNS)?.length, 1);
    assert.deepEqual(asked, ['A items.test', 'AAAA items.test']);
  });
});
