import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kindOf, type SentAttempt, setUp, setUpWithin } from './wire.test-support.ts';

test('identical GETs in flight share one call, and each has its own body', async (t) => {
  const { wire, get } = setUp(t);
  const results = [get('/a'), get('/a'), get('/a')];
  assert.equal(wire.sent.length, 1);
  wire.sent[0]?.answer(200, { list: [1] });
  const bodies = (await Promise.all(results)).map((one) => one.ok && one.body);
  assert.deepEqual(bodies, [{ list: [1] }, { list: [1] }, { list: [1] }]);
  assert.notEqual(bodies[0], bodies[1]);
});

test('every caller has the schema of its own', async (t) => {
  const { wire, get } = setUp(t);
  const strict = get('/a', {
    parse() {
      throw new Error('no');
    },
  });
  const lenient = get('/a', { parse: () => 'anything' });
  wire.sent[0]?.answer();
  assert.equal(await kindOf(strict), 'invalid');
  const settled = await lenient;
  assert.equal(settled.ok && settled.body, 'anything');
});

test('another path, query, header or method is another call', async (t) => {
  const { client, wire, get } = setUp(t);
  const calls = [
    get('/a'),
    get('/b'),
    get('/a', { query: { q: 1 } }),
    get('/a', { headers: { authorization: 'one' } }),
    get('/a', { headers: { authorization: 'two' } }),
    client.request({ method: 'HEAD', segments: ['a'] }),
    client.request({ method: 'POST', segments: ['a'] }),
    client.request({ method: 'POST', segments: ['a'] }),
  ];
  assert.equal(wire.sent.length, 8);
  for (const attempt of wire.open) attempt.answer();
  await Promise.all(calls);
});

test('a call that has ended is not joined', async (t) => {
  const { wire, get } = setUp(t);
  const first = get('/a');
  wire.sent[0]?.answer();
  await first;
  const second = get('/a');
  assert.equal(wire.sent.length, 2);
  wire.sent[1]?.answer();
  await second;
});

test('the one who came first may leave, and the others have their answer', async (t) => {
  const { wire, pass, get } = setUp(t);
  const first = kindOf(get('/a', { timeoutMs: 50 }));
  const second = get('/a', { timeoutMs: 60 });
  pass(50);
  assert.equal(await first, 'timeout');
  assert.equal(wire.sent[0]?.isAborted, false);
  wire.sent[0]?.answer();
  assert.equal(await kindOf(second), 'ok');
});

test('when the last has left the call ends on the wire', async (t) => {
  const { client, wire, get } = setUp(t);
  const callers = [new AbortController(), new AbortController()];
  const results = callers.map(({ signal }) => kindOf(get('/a', { signal })));
  callers[0]?.abort();
  assert.equal(wire.sent[0]?.isAborted, false);
  callers[1]?.abort();
  assert.equal(wire.sent[0]?.isAborted, true);
  assert.deepEqual(await Promise.all(results), ['aborted', 'aborted']);
  assert.equal(client.inFlight, 0);
});

test('nobody joins a call that was told to be quicker than they have to be', async (t) => {
  const { wire, pass, get } = setUp(t);
  const hurried = get('/a', { timeoutMs: 100 });
  const patient = get('/a', { timeoutMs: 1_000 });
  assert.equal(wire.sent.length, 2);
  assert.equal(wire.sent[0]?.field('headgate-deadline-ms'), '100');
  assert.equal(wire.sent[1]?.field('headgate-deadline-ms'), '1000');
  pass(100);
  assert.equal(await kindOf(hurried), 'timeout');
  wire.sent[1]?.answer();
  assert.equal(await kindOf(patient), 'ok');
});

test('without coalescing every call is made', async (t) => {
  const { wire, get } = setUp(t, { coalesce: false });
  const results = [get('/a'), get('/a')];
  assert.equal(wire.sent.length, 2);
  for (const attempt of wire.open) attempt.answer();
  await Promise.all(results);
});

type Step =
  | { readonly what: 'call'; readonly path: number; readonly timeoutMs: number }
  | { readonly what: 'leave' | 'answer' | 'refuse' | 'break'; readonly which: number }
  | { readonly what: 'pass'; readonly ms: number };

const which = fc.nat(30);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    what: fc.constant('call' as const),
    path: fc.nat(2),
    timeoutMs: fc.integer({ min: 1, max: 300 }),
  }),
  fc.record({ what: fc.constantFrom('leave', 'answer', 'refuse', 'break'), which }),
  fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 80 }) }),
);

const settings = fc.record({
  coalesce: fc.boolean(),
  maxConnections: fc.integer({ min: 1, max: 3 }),
  maxQueue: fc.nat(3),
  maxPerRequest: fc.constantFrom(undefined, 1, 2),
  hasTwo: fc.boolean(),
  isRetrying: fc.boolean(),
});

test('property: each caller ends once and in time, and nothing is on the wire for nobody', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { maxLength: 60 }), async (given, steps) => {
      const { hasTwo, isRetrying, maxPerRequest, ...rest } = given;
      const { client, wire, pass, get } = setUpWithin(t.mock.timers, {
        ...rest,
        ...(maxPerRequest !== undefined && { maxPerRequest }),
        ...(hasTwo && { upstreams: ['http://one', 'http://two'] }),
        retry: isRetrying && {},
        breaker: { minRequests: 5, openMs: 50 },
      });
      const scope = { requestId: 'r' };
      let clockMs = 0;
      const callers: {
        readonly caller: AbortController;
        readonly path: string;
        readonly endMs: number;
        settledMs: number | undefined;
        times: number;
      }[] = [];
      const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
      const waiting = () => callers.filter(({ settledMs }) => settledMs === undefined);
      const pick = (attempts: readonly SentAttempt[], n: number) =>
        attempts[n % Math.max(1, attempts.length)];

      for (const one of steps) {
        if (one.what === 'call') {
          const caller = new AbortController();
          const path = `/p${one.path}`;
          const endMs = clockMs + one.timeoutMs;
          const entry = {
            caller,
            path,
            endMs,
            settledMs: undefined as number | undefined,
            times: 0,
          };
          callers.push(entry);
          const { timeoutMs } = one;
          void get(path, { signal: caller.signal, timeoutMs, scope }).then(() => {
            entry.settledMs = clockMs;
            entry.times += 1;
          });
        } else if (one.what === 'leave') {
          callers[one.which % Math.max(1, callers.length)]?.caller.abort();
        } else if (one.what === 'pass') {
          clockMs += one.ms;
          pass(one.ms);
        } else if (one.what === 'answer') {
          pick(wire.open, one.which)?.answer();
        } else if (one.what === 'refuse') {
          pick(wire.open, one.which)?.answer(503);
        } else {
          pick(wire.open, one.which)?.fail('broken');
        }
        await settle();
        for (const { endMs, path } of waiting()) {
          assert.ok(endMs > clockMs, `a caller of ${path} waits beyond its time`);
        }
        for (const attempt of wire.open) {
          const isWanted = waiting().some(({ path }) => attempt.request.path === path);
          assert.ok(isWanted, `an attempt at ${attempt.request.path} is on the wire for nobody`);
        }
        assert.equal(client.inFlight, wire.open.length);
        const most = given.maxConnections * (hasTwo ? 2 : 1);
        assert.ok(client.inFlight <= most, 'more than the connections carry');
        assert.ok(client.queued <= given.maxQueue, 'more than may wait');
        if (client.queued > 0 && maxPerRequest === undefined && !hasTwo) {
          assert.equal(client.inFlight, most, 'someone waits though there is room');
        }
      }
      pass(300);
      await settle();
      assert.deepEqual(
        callers.map(({ times }) => times),
        callers.map(() => 1),
      );
      assert.deepEqual([client.inFlight, client.queued, wire.open.length], [0, 0, 0]);
      await client.close();
    }),
    { numRuns: 150 },
  );
});
