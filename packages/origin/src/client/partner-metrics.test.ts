import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry } from '@headgate/telemetry';
import { setUp } from './wire.test-support.ts';

test('calls are counted by outcome, and what goes on is read when asked for', async (t) => {
  const registry = createRegistry();
  const { wire, pass, get } = setUp(t, { registry, maxConnections: 2 });
  const results = [get('/a'), get('/a'), get('/b'), get('/c')];
  const during = registry.render();
  assert.match(during, /^origin_partner_in_flight\{partner="partner"\} 2$/m);
  assert.match(during, /^origin_partner_queued\{partner="partner"\} 1$/m);
  assert.match(during, /^origin_partner_coalesced_total\{partner="partner"\} 1$/m);
  wire.sent[0]?.answer();
  wire.sent[1]?.answer(404);
  wire.sent[2]?.fail('broken');
  pass(30);
  wire.sent[3]?.answer();
  results.push(get('/late'));
  pass(1_000);
  await Promise.all(results);
  const after = registry.render();
  const counts = [
    ['ok', 3],
    ['status', 1],
    ['timeout', 1],
    ['overload', 0],
  ] as const;
  for (const [outcome, count] of counts) {
    const line = `origin_partner_calls_total{partner="partner",outcome="${outcome}"} ${count}`;
    assert.ok(after.includes(`${line}\n`), line);
  }
  assert.match(after, /^origin_partner_retries_total\{partner="partner"\} 1$/m);
  assert.match(after, /^origin_partner_call_duration_seconds_count\{partner="partner"\} 5$/m);
  assert.match(after, /^origin_partner_in_flight\{partner="partner"\} 0$/m);
});

test('partners share a registry, each under its name, until they are closed', async (t) => {
  const registry = createRegistry();
  const one = setUp(t, { registry, name: 'one', breaker: { minRequests: 1 }, retry: false });
  const result = one.get('/a');
  one.wire.sent[0]?.answer(500);
  await result;
  t.mock.timers.reset();
  const two = setUp(t, { registry, name: 'two' });
  const text = registry.render();
  assert.match(text, /^origin_partner_breaker_state\{partner="one"\} 2$/m);
  assert.match(text, /^origin_partner_breaker_state\{partner="two"\} 0$/m);
  await two.client.close();
  assert.doesNotMatch(registry.render(), /breaker_state\{partner="two"\}/);
});
