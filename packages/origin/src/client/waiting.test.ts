import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { all } from './all.ts';
import { first } from './quorum.ts';
import { kindOf, setUp } from './wire.test-support.ts';

test('calls beyond the connections wait and are sent in the order they came', async (t) => {
  const { client, wire, get } = setUp(t, { maxConnections: 1, maxQueue: 9 });
  const results = ['/a', '/b', '/c'].map((path) => get(path));
  assert.deepEqual([client.inFlight, client.queued], [1, 2]);
  for (let i = 0; i < 3; i++) wire.sent[i]?.answer();
  await Promise.all(results);
  assert.deepEqual(
    wire.sent.map(({ request }) => request.path),
    ['/a', '/b', '/c'],
  );
});

test('once the oldest has waited for half of its time, the newest goes first', async (t) => {
  const { wire, pass, get } = setUp(t, { maxConnections: 1, timeoutMs: 100 });
  const results = ['/a', '/old'].map((path) => get(path));
  pass(60);
  results.push(get('/new'));
  wire.sent[0]?.answer();
  assert.equal(wire.sent[1]?.request.path, '/new');
  wire.sent[1]?.answer();
  wire.sent[2]?.answer();
  await Promise.all(results);
});

test('a full queue is an overload that says when to come back', async (t) => {
  const { wire, get } = setUp(t, { maxConnections: 1, maxQueue: 1 });
  const results = [get('/a'), get('/b')];
  const settled = await get('/c');
  assert.ok(!settled.ok);
  assert.deepEqual(
    [settled.failure.kind, settled.failure.side, settled.failure.message],
    ['overload', 'origin', 'partner /c: too many calls waiting'],
  );
  assert.ok((settled.failure.retryAfterMs ?? 0) >= 1_000);
  for (let i = 0; i < 2; i++) wire.sent[i]?.answer();
  await Promise.all(results);
});

test('a waiting call gives up at its deadline, and its place is free', async (t) => {
  const { client, wire, pass, get } = setUp(t, { maxConnections: 1, maxQueue: 1 });
  const running = get('/a');
  const waiting = get('/b', { timeoutMs: 100 });
  pass(100);
  assert.equal(await kindOf(waiting), 'timeout');
  assert.equal(client.queued, 0);
  wire.sent[0]?.answer();
  await running;
  assert.equal(wire.sent.length, 1);
});

test('maxInFlight bounds the calls over all upstreams', async (t) => {
  const upstreams = ['http://one', 'http://two'];
  const { client, wire, get } = setUp(t, { upstreams, maxConnections: 5, maxInFlight: 3 });
  const results = [1, 2, 3, 4].map((n) => get(`/${n}`));
  assert.deepEqual([client.inFlight, client.queued], [3, 1]);
  for (let i = 0; i < 4; i++) wire.sent[i]?.answer();
  await Promise.all(results);
});

test('a call with less time than any answer takes is not made', async (t) => {
  const { wire, pass, get } = setUp(t);
  for (let i = 0; i < 50; i++) {
    const result = get('/a');
    pass(50);
    wire.open[0]?.answer();
    await result;
  }
  const settled = await get('/a', { timeoutMs: 10 });
  assert.ok(!settled.ok);
  assert.equal(settled.failure.message, 'partner /a: in the 10 ms left it would not answer');
  assert.equal(wire.sent.length, 50);
  pass(1_000);
  const later = get('/a', { timeoutMs: 10 });
  assert.equal(wire.sent.length, 51, 'after a while somebody has to find out whether that is so');
  wire.open[0]?.answer();
  await later;
});

test('a call whose turn would come too late is not even queued', async (t) => {
  const { client, wire, pass, get } = setUp(t, { maxConnections: 1 });
  for (let i = 0; i < 50; i++) {
    const result = get('/a');
    pass(50);
    wire.open[0]?.answer();
    await result;
  }
  const results = Array.from({ length: 6 }, (_, n) => get(`/${n}`));
  const settled = await get('/late', { timeoutMs: 200 });
  assert.ok(!settled.ok);
  assert.equal(settled.failure.message, 'partner /late: behind 5 calls, too late to wait');
  assert.equal(client.queued, 5);
  while (wire.open.length > 0) wire.open[0]?.answer();
  await Promise.all(results);
});

test('one request takes no more connections than its share, others are not held up', async (t) => {
  const { client, wire, get } = setUp(t, { maxPerRequest: 2 });
  const scope = { requestId: 'r1' };
  const results = [1, 2, 3, 4].map((n) => get(`/${n}`, { scope }));
  results.push(get('/other', { scope: { requestId: 'r2' } }), get('/none'));
  assert.equal(client.inFlight, 4);
  for (let i = 0; i < 6; i++) wire.sent[i]?.answer();
  await Promise.all(results);
  assert.deepEqual(
    wire.sent.map(({ request }) => request.path),
    ['/1', '/2', '/other', '/none', '/3', '/4'],
  );
});

test('a call that leaves before its request has room for it is not made', async (t) => {
  const { client, wire, get } = setUp(t, { maxPerRequest: 1 });
  const scope = { requestId: 'r1' };
  const caller = new AbortController();
  const results = [get('/1', { scope }), get('/2', { scope, signal: caller.signal })];
  results.push(get('/3', { scope }));
  caller.abort();
  wire.sent[0]?.answer();
  assert.deepEqual(
    wire.open.map(({ request }) => request.path),
    ['/3'],
  );
  wire.sent[1]?.answer();
  assert.deepEqual(await Promise.all(results.map(kindOf)), ['ok', 'aborted', 'ok']);
  assert.equal(client.inFlight, 0);
});

test('whoever shares a call is not held up by the other calls of the request it was made for', async (t) => {
  const { wire, get } = setUp(t, { maxPerRequest: 1 });
  const scope = { requestId: 'r1' };
  const results = [get('/1', { scope }), get('/2', { scope })];
  assert.equal(wire.sent.length, 1);
  results.push(get('/2', { scope: { requestId: 'r2' } }));
  assert.deepEqual(
    wire.open.map(({ request }) => request.path),
    ['/1', '/2'],
  );
  for (const attempt of wire.open) attempt.answer();
  const later = get('/3', { scope });
  for (const attempt of wire.open) attempt.answer();
  assert.deepEqual(await Promise.all([...results, later].map(kindOf)), new Array(4).fill('ok'));
  assert.equal(wire.sent.length, 3);
});

test('a time that is none is refused, one that is endless is as long as a timer can be', async (t) => {
  const { wire, pass, get } = setUp(t);
  assert.equal(await kindOf(get('/a', { timeoutMs: Number.NaN })), 'invalid');
  assert.equal(await kindOf(get('/a', { timeoutMs: 0 })), 'timeout');
  assert.equal(wire.sent.length, 0);
  const result = get('/a', { timeoutMs: Number.POSITIVE_INFINITY });
  pass(2_000);
  wire.sent[0]?.answer();
  assert.equal(await kindOf(result), 'ok');
});

test('calls and fan-outs leave nothing at a signal that outlives them', async (t) => {
  const { wire, pass, get } = setUp(t, { maxConnections: 1, retry: false });
  const own = new AbortController();
  const request = new AbortController();
  const options = { signal: own.signal, scope: { signal: request.signal } };
  const results = [get('/a', options), get('/a', options), get('/b', options)];
  results.push(get('/late', { ...options, timeoutMs: 5 }));
  wire.sent[0]?.answer();
  wire.sent[1]?.fail('broken');
  pass(5);
  wire.sent[2]?.answer();
  await Promise.all(results);
  await all({ one: async () => 1 }, { signal: own.signal });
  await assert.rejects(first([() => Promise.reject(new Error('oh'))], { signal: own.signal }));
  for (const { signal } of [own, request]) {
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  }
});

test('the end of its request ends a call, on the wire and in the queue', async (t) => {
  const { client, wire, get } = setUp(t, { maxConnections: 1 });
  const request = new AbortController();
  const own = new AbortController();
  const scope = { signal: request.signal };
  const results = [get('/a', { scope, signal: own.signal }), get('/b', { scope })];
  request.abort();
  assert.deepEqual(await Promise.all(results.map(kindOf)), ['aborted', 'aborted']);
  assert.deepEqual([client.inFlight, client.queued], [0, 0]);
  assert.equal(wire.sent[0]?.isAborted, true);
  assert.equal(await kindOf(get('/c', { scope })), 'aborted');
  assert.equal(wire.sent.length, 1);
});

test('closing fails what waits and what is under way, and what comes later', async (t) => {
  const { client, wire, get } = setUp(t, { maxConnections: 1 });
  const results = [get('/a'), get('/b')];
  await client.close();
  results.push(get('/c'));
  assert.deepEqual(await Promise.all(results.map(kindOf)), new Array(3).fill('unreachable'));
  assert.equal(wire.closed, 1);
  assert.equal(wire.sent.length, 1);
});

test('of several upstreams the one with less to do is asked, by weight', async (t) => {
  const upstreams = [{ url: 'http://big', weight: 3 }, 'http://small'];
  const { wire, get } = setUp(t, { upstreams });
  const results = Array.from({ length: 40 }, (_, n) => get(`/${n}`));
  const toBig = wire.sent.filter(({ host }) => host === 'big').length;
  assert.equal(toBig, 30);
  for (const attempt of wire.open) attempt.answer();
  await Promise.all(results);
});

test('an upstream that fails while the other does not gets no calls any more', async (t) => {
  const { wire, pass, get } = setUp(t, { upstreams: ['http://one', 'http://two'] });
  for (let i = 0; i < 200; i++) {
    const result = get('/a');
    pass(10);
    for (const attempt of wire.open) attempt.answer(attempt.host === 'one' ? 502 : 200);
    pass(10);
    for (const attempt of wire.open) attempt.answer();
    await result;
  }
  const late = wire.sent.slice(-100).filter(({ host }) => host === 'one');
  assert.ok(late.length <= 2, `${late.length} calls to the one that fails`);
});
