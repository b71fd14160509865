import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PartnerClientOptions } from './partner-options.ts';
import { kindOf, type Setup, setUp } from './wire.test-support.ts';

const breaker = { minRequests: 4, failureRatio: 0.5, windowMs: 10_000, openMs: 500 };

function start(t: TestContext, options: Partial<PartnerClientOptions> = {}): Setup {
  return setUp(t, { retry: false, breaker, ...options });
}

async function failFour({ wire, get }: Setup): Promise<void> {
  const results = [1, 2, 3, 4].map((n) => get(`/${n}`));
  for (const attempt of wire.open) attempt.answer(500);
  await Promise.all(results);
}

test('a partner that fails as a whole is not asked any more, and says until when', async (t) => {
  const setup = start(t);
  await failFour(setup);
  const settled = await setup.get('/a');
  assert.ok(!settled.ok);
  assert.deepEqual(settled.failure, {
    kind: 'open',
    side: 'partner',
    retryable: true,
    retryAfterMs: 500,
    message: 'partner /a: not asked, because most calls failed lately',
  });
  assert.equal(setup.wire.sent.length, 4);
});

test('one call finds out how it is; a good answer lets all through', async (t) => {
  const setup = start(t);
  const { wire, pass, get } = setup;
  await failFour(setup);
  pass(500);
  const trial = get('/a');
  assert.equal(await kindOf(get('/b')), 'open');
  wire.open[0]?.answer();
  assert.equal(await kindOf(trial), 'ok');
  const results = [get('/a'), get('/b')];
  assert.equal(wire.open.length, 2);
  for (const attempt of wire.open) attempt.answer();
  await Promise.all(results);
});

test('a trial whose caller leaves lets the next one try', async (t) => {
  const setup = start(t);
  const { wire, pass, get } = setup;
  await failFour(setup);
  pass(500);
  const caller = new AbortController();
  const trial = get('/a', { signal: caller.signal });
  caller.abort();
  assert.equal(await kindOf(trial), 'aborted');
  const next = get('/b');
  wire.open[0]?.answer();
  assert.equal(await kindOf(next), 'ok');
});

test('those who wait hear of it at once', async (t) => {
  const { client, wire, get } = start(t, { maxConnections: 4 });
  const results = Array.from({ length: 14 }, (_, n) => kindOf(get(`/${n}`)));
  // Each failure lets one more through, until the fourth.
  for (const attempt of wire.open) attempt.answer(500);
  assert.deepEqual([client.inFlight, client.queued], [3, 0]);
  for (const attempt of wire.open) attempt.answer();
  const kinds = await Promise.all(results);
  assert.deepEqual(kinds.slice(7), new Array(7).fill('open'));
});

test('what the caller did wrong does not count against the partner', async (t) => {
  const { wire, get } = start(t);
  for (let i = 0; i < 20; i++) {
    const result = get('/a');
    wire.open[0]?.answer(404);
    assert.equal(await kindOf(result), 'status');
  }
});

test('calls that had next to no time do not count, those that had do', async (t) => {
  const { wire, pass, get } = start(t);
  for (let i = 0; i < 20; i++) {
    const result = get('/a', { timeoutMs: 3 });
    pass(3);
    assert.equal(await kindOf(result), 'timeout');
  }
  for (let i = 0; i < 4; i++) {
    const result = get('/a');
    pass(1_000);
    assert.equal(await kindOf(result), 'timeout');
  }
  assert.equal(await kindOf(get('/a')), 'open');
  assert.equal(wire.sent.length, 24);
});

test('while it is open, retries are not made, and the failure told is that of the attempt', async (t) => {
  const { wire, pass, get } = start(t, { retry: {}, breaker: { ...breaker, minRequests: 1 } });
  const result = get('/a');
  wire.sent[0]?.answer(503);
  pass(50);
  const settled = await result;
  assert.equal(!settled.ok && settled.failure.status, 503);
  assert.equal(wire.sent.length, 1);
});

test('without a breaker the partner is asked whatever it does', async (t) => {
  const setup = start(t, { breaker: false });
  for (let i = 0; i < 10; i++) await failFour(setup);
  assert.equal(setup.wire.sent.length, 40);
});
