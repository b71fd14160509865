import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUpstream } from './upstream.ts';

test('a new upstream is idle, of weight 1 and not known to be ill', () => {
  const { health, ...rest } = createUpstream({ key: 'http://a' });
  assert.equal(health.verdict, 'unknown');
  assert.deepEqual(rest, {
    key: 'http://a',
    weight: 1,
    inFlight: 0,
    isDraining: false,
    isDisabled: false,
    requests: 0,
    failures: 0,
  });
});

test('a weight that could not be a share is refused', () => {
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => createUpstream({ key: 'http://a', weight }), /upstream "http:\/\/a"/);
  }
});
