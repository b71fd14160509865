import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LimitOptions, limit } from './limit.ts';
import { quietOrigin } from './origin.test-support.ts';

/** An origin whose `/gate` answers when its turn is let through, in the order of arrival. */
function start(options: LimitOptions) {
  const { app } = quietOrigin();
  const begun: string[] = [];
  const gates: (() => void)[] = [];
  app.get('/gate/:name', limit(options), async (c) => {
    begun.push(c.req.param('name'));
    await new Promise<void>((resolve) => gates.push(resolve));
    return c.text('through');
  });
  const ask = (name: string, init?: RequestInit) => app.request(`/gate/${name}`, init);
  return { ask, begun, letThrough: () => gates.shift()?.() };
}

async function kindOf(answer: Response | Promise<Response>): Promise<unknown> {
  const response = await answer;
  const { kind } = JSON.parse(await response.text());
  return [response.status, kind, response.headers.get('retry-after')];
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('as many as fit are answered at once, and one more is shed without waiting', async () => {
  const { ask, begun, letThrough } = start({ maxInFlight: 2 });
  const answers = [ask('a'), ask('b')];
  await turn();
  assert.deepEqual(begun, ['a', 'b']);
  assert.deepEqual(await kindOf(ask('c')), [503, 'overload', '1']);
  letThrough();
  letThrough();
  for (const answer of answers) assert.equal((await answer).status, 200);
  const late = ask('d');
  await turn();
  letThrough();
  assert.equal((await late).status, 200);
});

test('those that wait are let in by age, each when another ends', async () => {
  const { ask, begun, letThrough } = start({ maxInFlight: 1, maxQueue: 2 });
  const answers = [ask('a'), ask('b'), ask('c')];
  await turn();
  assert.deepEqual(begun, ['a']);
  assert.deepEqual(await kindOf(ask('d')), [503, 'overload', '1']);
  for (const expected of [
    ['a', 'b'],
    ['a', 'b', 'c'],
  ]) {
    letThrough();
    await turn();
    assert.deepEqual(begun, expected);
  }
  letThrough();
  for (const answer of answers) assert.equal((await answer).status, 200);
});

test('who has waited too long is shed, and leaves its place in the queue', async () => {
  const { ask, begun, letThrough } = start({ maxInFlight: 1, maxQueue: 1, queueTimeoutMs: 20 });
  const first = ask('a');
  assert.deepEqual(await kindOf(ask('b')), [503, 'overload', '1']);
  const third = ask('c');
  letThrough();
  await first;
  await turn();
  assert.deepEqual(begun, ['a', 'c']);
  letThrough();
  assert.equal((await third).status, 200);
});

test('a client that leaves while it waits gives up its place', async () => {
  const { ask, begun, letThrough } = start({ maxInFlight: 1, maxQueue: 1 });
  const first = ask('a');
  const client = new AbortController();
  const left = ask('b', { signal: client.signal });
  await turn();
  client.abort();
  assert.equal((await left).status, 499);
  const third = ask('c');
  letThrough();
  await first;
  await turn();
  assert.deepEqual(begun, ['a', 'c']);
  letThrough();
  assert.equal((await third).status, 200);
});

test('a deadline that passes while a request waits is answered 504', async () => {
  const { ask, letThrough } = start({ maxInFlight: 1, maxQueue: 1, queueTimeoutMs: 60_000 });
  const first = ask('a');
  const headers = { 'headgate-deadline-ms': '10' };
  assert.deepEqual(await kindOf(ask('b', { headers })), [504, 'timeout', null]);
  letThrough();
  await first;
});

test('a handler that throws gives its place back', async () => {
  const { app } = quietOrigin();
  app.get('/', limit({ maxInFlight: 1 }), () => {
    throw new Error('broken');
  });
  for (let i = 0; i < 3; i++) assert.equal((await app.request('/')).status, 500);
});

test('what cannot be meant is refused by its name', () => {
  assert.throws(
    () => limit({ maxInFlight: 0 }),
    /maxInFlight must be a whole number from 1, not 0/,
  );
  assert.throws(() => limit({ maxInFlight: 1, maxQueue: -1 }), /maxQueue/);
  assert.throws(() => limit({ maxInFlight: 1, queueTimeoutMs: 0.5 }), /queueTimeoutMs/);
});
