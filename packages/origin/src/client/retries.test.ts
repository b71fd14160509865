import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kindOf, setUp, setUpWithin } from './wire.test-support.ts';

const two = { upstreams: ['http://one', 'http://two'] };

test('a GET that broke is asked again after a moment, and answered', async (t) => {
  const { wire, pass, get } = setUp(t);
  const result = get('/a');
  wire.sent[0]?.fail('broken');
  assert.equal(wire.sent.length, 1, 'not at once: there is no other upstream');
  pass(30);
  assert.equal(wire.sent.length, 2);
  wire.sent[1]?.answer();
  assert.equal(await kindOf(result), 'ok');
});

test('another upstream is asked at once', async (t) => {
  const { wire, get } = setUp(t, two);
  const result = get('/a');
  wire.sent[0]?.fail('broken');
  assert.equal(wire.sent.length, 2);
  assert.notEqual(wire.sent[0]?.host, wire.sent[1]?.host);
  wire.sent[1]?.answer();
  assert.equal(await kindOf(result), 'ok');
});

test('the last failure is the one that is told, and no more attempts are made than allowed', async (t) => {
  const { wire, pass, get } = setUp(t, { retry: { maxAttempts: 3 } });
  const result = get('/a');
  wire.sent[0]?.fail('broken');
  pass(30);
  wire.sent[1]?.answer(503);
  pass(30);
  wire.sent[2]?.answer(502);
  pass(100);
  assert.equal(wire.sent.length, 3);
  const settled = await result;
  assert.deepEqual(!settled.ok && [settled.failure.kind, settled.failure.status], ['status', 502]);
});

test('answers that say not now are asked again, others are final', async (t) => {
  const { wire, pass, get } = setUp(t);
  const cases: [number, Record<string, string>, number][] = [
    [502, {}, 2],
    [503, {}, 2],
    [504, {}, 2],
    [503, { 'retry-after': '0' }, 2],
    [503, { 'retry-after': '30' }, 1],
    [429, { 'retry-after': '0' }, 2],
    [429, {}, 1],
    [429, { 'retry-after': '30' }, 1],
    [404, {}, 1],
    [500, {}, 1],
    [501, {}, 1],
  ];
  for (const [status, fields, attempts] of cases) {
    const before = wire.sent.length;
    const result = kindOf(get('/a'));
    wire.sent.at(-1)?.answer(status, {}, fields);
    pass(50);
    wire.sent.at(-1)?.answer(status, {}, fields);
    assert.equal(await result, 'status');
    assert.equal(wire.sent.length - before, attempts, `${status} ${JSON.stringify(fields)}`);
  }
});

test('Retry-After is waited for, and told when it is too long', async (t) => {
  const { wire, pass, get } = setUp(t, { timeoutMs: 5_000 });
  const result = get('/a');
  wire.sent[0]?.answer(429, {}, { 'retry-after': '1' });
  pass(1_000);
  assert.equal(wire.sent.length, 1);
  pass(40);
  assert.equal(wire.sent.length, 2);
  wire.sent[1]?.answer(503, {}, { 'retry-after': '60' });
  const settled = await result;
  assert.equal(!settled.ok && settled.failure.retryAfterMs, 60_000);
});

test('a POST is repeated only when nothing was sent, or with an idempotency key', async (t) => {
  const { client, wire, pass } = setUp(t);
  const post = { method: 'POST', segments: ['a'], json: { b: 1 } };
  const sent = client.request(post);
  wire.sent[0]?.fail('broken');
  assert.equal(await kindOf(sent), 'unreachable');

  const unsent = client.request(post);
  wire.sent[1]?.fail('connect');
  pass(30);
  wire.sent[2]?.answer();
  assert.equal(await kindOf(unsent), 'ok');

  const keyed = client.request({ ...post, idempotencyKey: 'k1' });
  wire.sent[3]?.fail('broken');
  pass(30);
  wire.sent[4]?.answer();
  assert.equal(await kindOf(keyed), 'ok');
  assert.equal(wire.sent[4]?.field('idempotency-key'), 'k1');
  assert.equal(wire.sent[4]?.request.body, '{"b":1}');
});

test('an attempt that takes too long is given up, and another one made', async (t) => {
  const { wire, pass, get } = setUp(t, { attemptTimeoutMs: 100 });
  const result = get('/a');
  pass(100);
  assert.equal(wire.sent[0]?.isAborted, true);
  pass(30);
  wire.sent[1]?.answer();
  assert.equal(await kindOf(result), 'ok');
});

test('no attempt is made for which there is no time left', async (t) => {
  const { wire, pass, get } = setUp(t);
  const result = kindOf(get('/a', { timeoutMs: 20 }));
  pass(10);
  wire.sent[0]?.fail('broken');
  assert.equal(await result, 'unreachable');
  pass(100);
  assert.equal(wire.sent.length, 1);
});

test('when everything fails, retries stop: they are paid for by good answers', async (t) => {
  const { wire, pass, get } = setUp(t, { breaker: false, retry: { budgetRatio: 0.1 } });
  const ask = async (isGood: boolean) => {
    const result = get('/a');
    for (let i = 0; i < 2; i++) {
      for (const attempt of wire.open) attempt.answer(isGood ? 200 : 503);
      pass(30);
    }
    await result;
  };
  for (let i = 0; i < 100; i++) await ask(false);
  assert.equal(wire.sent.length, 110, 'the ten that were saved up');
  for (let i = 0; i < 20; i++) await ask(true);
  for (let i = 0; i < 100; i++) await ask(false);
  assert.equal(wire.sent.length, 110 + 20 + 100 + 2, 'a tenth of the good ones');
});

test('a refused connection costs nothing: every upstream is asked before giving up', async (t) => {
  const upstreams = ['http://one', 'http://two', 'http://three'];
  const { wire, get } = setUp(t, { upstreams });
  const result = kindOf(get('/a'));
  for (let i = 0; i < 3; i++) wire.sent[i]?.fail('connect');
  assert.equal(await result, 'unreachable');
  assert.deepEqual(new Set(wire.sent.map(({ host }) => host)), new Set(['one', 'two', 'three']));
});

test('a caller that leaves during the pause ends the call', async (t) => {
  const { wire, pass, get } = setUp(t);
  const caller = new AbortController();
  const result = kindOf(get('/a', { signal: caller.signal }));
  wire.sent[0]?.fail('broken');
  caller.abort();
  assert.equal(await result, 'aborted');
  pass(100);
  assert.equal(wire.sent.length, 1);
});

test('property: attempts never exceed the calls, the burst and a share of the good answers', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const outcomes = fc.array(fc.constantFrom('good', 'busy', 'broken', 'late'), { maxLength: 150 });
  const ratios = fc.constantFrom(0.05, 0.1, 0.5);
  await fc.assert(
    fc.asyncProperty(outcomes, ratios, async (given, budgetRatio) => {
      const { client, wire, pass, get } = setUpWithin(t.mock.timers, {
        breaker: false,
        attemptTimeoutMs: 40,
        retry: { budgetRatio, maxAttempts: 5 },
      });
      let at = 0;
      let good = 0;
      let calls = 0;
      while (at < given.length) {
        calls += 1;
        const result = get('/a');
        while (wire.open.length > 0 && at < given.length) {
          const outcome = given[at++];
          if (outcome === 'good') good += 1;
          if (outcome === 'good') wire.open[0]?.answer();
          else if (outcome === 'busy') wire.open[0]?.answer(503);
          else if (outcome === 'broken') wire.open[0]?.fail('broken');
          else pass(40);
          pass(31);
        }
        wire.open[0]?.answer(404);
        await result;
      }
      // An answer that is final pays as well: it shows that the partner is well.
      const paid = 10 + budgetRatio * (good + calls);
      assert.ok(wire.sent.length <= calls + paid, `${wire.sent.length} attempts, ${calls} calls`);
      await client.close();
    }),
    { numRuns: 60 },
  );
});
