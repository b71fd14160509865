import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCache, createMemoryStore } from '@headgate/cache';
import { createDeadline } from '../deadline.ts';
import type { CallOptions } from './call-options.ts';
import { createClient } from './partner-client.ts';
import type { PartnerCacheTerms } from './partner-options.ts';
import { FakeWire, kindOf } from './wire.test-support.ts';

/** Everything in real time: what is looked at here happens between turns, not between moments. */
function start(t: TestContext, terms: PartnerCacheTerms = {}) {
  const wire = new FakeWire();
  const cache = createCache({ stores: [createMemoryStore({ maxSizeBytes: 1_000_000 })] });
  const client = createClient(
    {
      name: 'partner',
      upstreams: 'http://one/v1',
      timeoutMs: 60_000,
      cache: { cache, ttlMs: 60_000, ...terms },
    },
    { createTransport: wire.createTransport, now: () => performance.now(), random: () => 0.5 },
  );
  t.after(async () => {
    await client.close();
    await cache.close();
  });
  const sent = async (count: number) => {
    while (wire.sent.length < count) await new Promise(setImmediate);
  };
  const get = <T = unknown>(path: string, options?: CallOptions<T>) => client.get([path], options);
  return { cache, client, wire, sent, get };
}

test('a good answer is kept, and found without asking', async (t) => {
  const { wire, sent, get } = start(t);
  const first = get('a');
  await sent(1);
  wire.sent[0]?.answer(200, { a: 1 });
  assert.equal(await kindOf(first), 'ok');
  const second = await get('a');
  assert.deepEqual(second.ok && second.body, { a: 1 });
  assert.equal(second.ok && second.header('content-type'), undefined);
  assert.equal(wire.sent.length, 1);
});

test('failures are not kept', async (t) => {
  const { wire, sent, get } = start(t);
  const first = get('a');
  await sent(1);
  wire.sent[0]?.answer(500);
  const settled = await first;
  assert.equal(!settled.ok && settled.failure.message, 'partner /v1/a: answered 500');
  const second = get('a');
  await sent(2);
  wire.sent[1]?.answer();
  assert.equal(await kindOf(second), 'ok');
});

test('that there is none is remembered where that was asked for', async (t) => {
  const { wire, sent, get } = start(t, { absentTtlMs: 60_000 });
  const first = get('a');
  await sent(1);
  wire.sent[0]?.answer(404);
  for (const settled of [await first, await get('a')]) {
    assert.deepEqual(!settled.ok && [settled.failure.kind, settled.failure.status], [
      'status',
      404,
    ]);
  }
  assert.equal(wire.sent.length, 1);
});

test('each caller leaves at its own deadline, and the one who came first ends it for nobody', async (t) => {
  const { wire, sent, get } = start(t);
  const deadline = createDeadline({ budgetMs: 20 });
  t.after(() => deadline.end());
  const first = get('a', { scope: { requestId: 'r1', deadline } });
  await sent(1);
  const second = get('a');
  assert.equal(await kindOf(first), 'timeout');
  assert.equal(wire.sent[0]?.isAborted, false);
  assert.equal(wire.sent[0]?.field('x-request-id'), 'r1');
  const toldMs = Number(wire.sent[0]?.field('headgate-deadline-ms'));
  assert.ok(toldMs > 50_000, `told to be done in ${toldMs} ms`);
  wire.sent[0]?.answer();
  assert.equal(await kindOf(second), 'ok');
});

test('when the last caller has left the call ends on the wire', async (t) => {
  const { wire, sent, get } = start(t);
  const callers = [new AbortController(), new AbortController()];
  const results = callers.map(({ signal }) => kindOf(get('a', { signal })));
  await sent(1);
  for (const caller of callers) caller.abort();
  assert.deepEqual(await Promise.all(results), ['aborted', 'aborted']);
  while (!wire.sent[0]?.isAborted) await new Promise(setImmediate);
});

test('the signal of the call and that of its request both end the wait', async (t) => {
  const { sent, get } = start(t);
  const own = new AbortController();
  const request = new AbortController();
  const results = [own, request].map((one, index) => {
    const signals = { signal: own.signal, scope: { signal: request.signal } };
    return { one, result: kindOf(get(`${index}`, signals)) };
  });
  await sent(2);
  request.abort();
  assert.equal(await results[1]?.result, 'aborted');
  assert.equal(await results[0]?.result, 'aborted');
});

test('an answer that is not what was agreed is not kept', async (t) => {
  const { wire, sent, get } = start(t);
  const parse = (body: unknown) => {
    if (body === 'good') return body;
    throw new TypeError('not good');
  };
  const first = get('a', { parse });
  await sent(1);
  wire.sent[0]?.answer(200, 'bad');
  assert.equal(await kindOf(first), 'invalid');
  const second = get('a', { parse });
  await sent(2);
  wire.sent[1]?.answer(200, 'good');
  assert.equal(await kindOf(second), 'ok');
});

test('calls with fields of their own are kept only under a key that says so', async (t) => {
  const { cache, wire, sent, get } = start(t);
  const headers = { authorization: 'me' };
  for (let i = 1; i <= 2; i++) {
    const result = get('a', { headers });
    await sent(i);
    wire.sent[i - 1]?.answer(200, 'mine');
    await result;
  }
  const keyed = get('a', { headers, cache: { key: 'a of me' } });
  await sent(3);
  wire.sent[2]?.answer(200, 'kept');
  await keyed;
  assert.equal(cache.peek('partner:a of me'), 'kept');
  assert.equal(cache.peek('partner:/v1/a'), undefined);
});

test('a call may go past the cache, and tags can be purged', async (t) => {
  const { cache, wire, sent, get } = start(t, { tags: () => ['all'] });
  for (let i = 1; i <= 3; i++) {
    const result = get('a', i === 2 ? { cache: false } : {});
    await sent(i);
    wire.sent[i - 1]?.answer();
    await result;
    await cache.deleteTag('all');
  }
  assert.equal(wire.sent.length, 3);
});

test('an empty answer is one, and is not taken for a missing one', async (t) => {
  const { client, wire, sent } = start(t);
  const result = client.get(['a']);
  await sent(1);
  wire.sent[0]?.answer(200, null);
  const settled = await result;
  assert.equal(settled.ok && settled.body, null);
});

test('what the cache refuses is told as a failure', async (t) => {
  const { get } = start(t);
  const settled = await get('a', { cache: { ttlMs: -1 } });
  assert.ok(!settled.ok);
  assert.deepEqual([settled.failure.kind, settled.failure.side], ['invalid', 'origin']);
  assert.match(settled.failure.message, /ttlMs must be above 0/);
});
