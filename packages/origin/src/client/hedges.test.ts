import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { PartnerClientOptions } from './partner-options.ts';
import { kindOf, setUp } from './wire.test-support.ts';

/** A client whose hedging knows that answers take 10 ms. */
async function practised(t: TestContext, options: Partial<PartnerClientOptions> = {}) {
  const upstreams = ['http://one', 'http://two'];
  const setup = setUp(t, { upstreams, hedge: { budgetRatio: 0.1 }, ...options });
  const { wire, pass, get } = setup;
  for (let i = 0; i < 100; i++) {
    const result = get('/warm');
    pass(10);
    wire.open[0]?.answer();
    await result;
  }
  wire.sent.length = 0;
  return setup;
}

test('a late answer is asked for elsewhere, and the first answer wins', async (t) => {
  const { client, wire, pass, get } = await practised(t);
  const result = get('/a');
  pass(9);
  assert.equal(wire.sent.length, 1);
  pass(5);
  assert.equal(wire.sent.length, 2);
  assert.notEqual(wire.sent[0]?.host, wire.sent[1]?.host);
  wire.sent[1]?.answer(200, 'second');
  const settled = await result;
  assert.equal(settled.ok && settled.body, 'second');
  assert.equal(wire.sent[0]?.isAborted, true);
  assert.equal(client.inFlight, 0);
});

test('the first attempt may still win', async (t) => {
  const { wire, pass, get } = await practised(t);
  const result = get('/a');
  pass(14);
  wire.sent[0]?.answer(200, 'first');
  const settled = await result;
  assert.equal(settled.ok && settled.body, 'first');
  assert.equal(wire.sent[1]?.isAborted, true);
});

test('while two are under way a failure of one is not the end', async (t) => {
  const { wire, pass, get } = await practised(t);
  for (const loser of [0, 1]) {
    wire.sent.length = 0;
    const result = kindOf(get(`/${loser}`));
    pass(14);
    wire.sent[loser]?.answer(503);
    wire.sent[1 - loser]?.answer();
    assert.equal(await result, 'ok');
    assert.equal(wire.sent.length, 2);
  }
});

test('a refusal that is final does not wait for the other one', async (t) => {
  const { wire, pass, get } = await practised(t);
  const result = kindOf(get('/a'));
  pass(14);
  wire.sent[1]?.answer(404);
  assert.equal(await result, 'status');
  assert.equal(wire.sent[0]?.isAborted, true);
});

test('a caller that leaves ends both attempts', async (t) => {
  const { client, wire, pass, get } = await practised(t);
  const caller = new AbortController();
  const result = kindOf(get('/a', { signal: caller.signal }));
  pass(14);
  caller.abort();
  assert.equal(await result, 'aborted');
  assert.deepEqual(
    wire.sent.map(({ isAborted }) => isAborted),
    [true, true],
  );
  assert.equal(client.inFlight, 0);
});

test('what may not be done twice is not', async (t) => {
  const { client, wire, pass } = await practised(t);
  const result = client.request({ method: 'POST', segments: ['a'], json: {} });
  pass(100);
  assert.equal(wire.sent.length, 1);
  wire.sent[0]?.answer();
  await result;
});

test('the budget bounds the extra calls when everything is late', async (t) => {
  const { wire, pass, get } = await practised(t, { timeoutMs: 100, breaker: false });
  for (let i = 0; i < 200; i++) {
    const result = get('/a');
    pass(100);
    await result;
  }
  const hedges = wire.sent.length - 200;
  // Ten that were saved up, and a tenth of the calls.
  assert.ok(hedges > 10 && hedges <= 10 + 20, String(hedges));
});

test('nobody is hedged unless that was asked for', async (t) => {
  const { wire, pass, get } = await practised(t, { hedge: false });
  const result = get('/a');
  pass(500);
  assert.equal(wire.sent.length, 1);
  wire.sent[0]?.answer();
  await result;
});

test('one address may have many machines behind it: it is asked a second time', async (t) => {
  const { wire, pass, get } = await practised(t, { upstreams: 'http://one' });
  const result = kindOf(get('/a'));
  pass(14);
  assert.equal(wire.sent.length, 2);
  wire.sent[1]?.answer();
  assert.equal(await result, 'ok');
});

test('property: with hedges and retries, every caller ends once and every attempt is let go', async (t) => {
  const step = fc.record({
    what: fc.constantFrom('call', 'answer', 'refuse', 'break', 'leave', 'pass'),
    which: fc.nat(9),
  });
  const { client, wire, pass, get } = await practised(t, { breaker: false, timeoutMs: 200 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const callers: { readonly caller: AbortController; times: number }[] = [];
      for (const { what, which } of steps) {
        const attempt = wire.open[which % Math.max(1, wire.open.length)];
        if (what === 'call') {
          const entry = { caller: new AbortController(), times: 0 };
          callers.push(entry);
          void get(`/${which}`, { signal: entry.caller.signal }).then(() => {
            entry.times += 1;
          });
        } else if (what === 'answer') attempt?.answer();
        else if (what === 'refuse') attempt?.answer(503);
        else if (what === 'break') attempt?.fail('broken');
        else if (what === 'leave') callers[which]?.caller.abort();
        else pass(4 * which);
        await new Promise(setImmediate);
        assert.equal(client.inFlight, wire.open.length);
        const waiting = callers.filter(({ times }) => times === 0).length;
        assert.ok(wire.open.length <= 2 * waiting, 'at most two attempts for who waits');
      }
      pass(200);
      await new Promise(setImmediate);
      assert.ok(callers.every(({ times }) => times === 1));
      assert.deepEqual([client.inFlight, client.queued, wire.open.length], [0, 0, 0]);
    }),
    { numRuns: 100 },
  );
});
