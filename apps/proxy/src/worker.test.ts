import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { WorkerLink } from '@headgate/supervisor';
import { type MetricFamily, renderFamilies } from '@headgate/telemetry';
import { proxySchema, staticConfig } from './config.ts';
import type { EdgeDeps } from './edge.ts';
import { runWorker } from './worker.ts';

/** Listens nowhere: what it is asked comes from its supervisor alone. */
const config = {
  ...staticConfig(
    proxySchema.parse({
      listeners: [{ address: '127.0.0.1:0' }],
      services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
      routes: [{ service: 'items', cache: true }],
    }),
  ),
  listeners: [],
};

/** A worker whose supervisor is the test; it is drained when that is over. */
function startWorker(t: TestContext) {
  const answers = new Map<string, (body: unknown) => unknown>();
  const events: string[] = [];
  let cut = () => {};
  const link = {
    id: 1,
    workers: 2,
    onAsk: (subject: string, answer: (body: unknown) => unknown) => answers.set(subject, answer),
    ready: () => events.push('ready'),
    onDisconnect: (act: () => void) => {
      cut = act;
    },
    onDrain() {},
    facts() {},
    onSurplus() {},
    onHandedOver() {},
  } as unknown as WorkerLink;
  const deps: EdgeDeps = {
    now: () => 0,
    random: () => 0.5,
    randomBytes: (size) => new Uint8Array(size),
    log: { debug() {}, info() {}, warn() {}, error() {}, setLevel() {} },
    instance: 'edge-1',
    openAccessLog: () => {
      throw new Error('there is no access log in this test');
    },
  };
  const ended = runWorker(link, () => deps);
  t.after(() => {
    cut();
    return ended;
  });
  const ask = async (subject: string, body?: unknown) => answers.get(subject)?.(body);
  const purges = async () => {
    const text = renderFamilies((await ask('metrics')) as readonly MetricFamily[]);
    return Number(/^headgate_cache_purges_total (\d+)$/m.exec(text)?.[1]);
  };
  return { ask, events, purges };
}

test('what is purged while a worker starts is purged in it before it is ready', async (t) => {
  const { ask, events, purges } = startWorker(t);
  assert.equal(await ask('purge', { kind: 'all' }), undefined);
  assert.equal(await ask('purge', { kind: 'tags', tags: ['a', 'b'] }), undefined);
  await ask('start', { config });
  assert.deepEqual(events, ['ready']);
  assert.equal(await purges(), 3);
});

test('a worker that cannot take what was purged meanwhile does not become ready', async (t) => {
  const { ask, events } = startWorker(t);
  await ask('purge', { kind: 'url', url: 'http://a.example/%00' });
  await assert.rejects(ask('start', { config }), TypeError);
  assert.deepEqual(events, []);
});

test('a worker that serves says how far a purge has come', async (t) => {
  const { ask, purges } = startWorker(t);
  await ask('start', { config });
  assert.equal(await ask('purge', { kind: 'url', url: 'http://a.example/items' }), 'here');
  assert.equal(await purges(), 1);
});

test('a worker forgets what others announce, but not what it has announced itself', async (t) => {
  const { ask, purges } = startWorker(t);
  await ask('start', { config });
  await ask('forget', { from: 2, keys: ['http://a.example/a', 'http://a.example/b'] });
  assert.equal(await purges(), 2);
  await ask('forget', { from: 1, keys: ['http://a.example/c'] });
  assert.equal(await purges(), 2);
});
