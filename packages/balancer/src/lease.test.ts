import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeLease } from './lease.ts';
import { createUpstream } from './upstream.ts';

test('a request is in flight from the lease until its release', () => {
  const upstream = createUpstream({ key: 'a' });
  const first = takeLease(upstream);
  const second = takeLease(upstream);
  assert.equal(upstream.inFlight, 2);
  first.release('success');
  assert.equal(upstream.inFlight, 1);
  second.release('ignored');
  assert.deepEqual(
    { inFlight: upstream.inFlight, requests: upstream.requests, failures: upstream.failures },
    { inFlight: 0, requests: 2, failures: 0 },
  );
});

test('only the first release counts', () => {
  const upstream = createUpstream({ key: 'a' });
  const lease = takeLease(upstream);
  assert.equal(lease.isReleased, false);
  lease.release('failure');
  lease.release('failure');
  lease.release('success');
  assert.equal(lease.isReleased, true);
  assert.equal(upstream.inFlight, 0);
  assert.equal(upstream.failures, 1);
});
