import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findStuck, ROUND_MS } from './heartbeat.ts';

test('a worker is stuck when it was silent for as long as that', () => {
  const [silent, heard] = [{ silentMs: 9_700 }, { silentMs: 0 }];
  assert.deepEqual(findStuck([silent, heard], 299, 10_000), []);
  assert.deepEqual(findStuck([silent, heard], 1, 10_000), [silent]);
  assert.equal(heard.silentMs, 300);
});

test('a round that comes late counts as at most two', () => {
  const worker = { silentMs: 0 };
  assert.deepEqual(findStuck([worker], 60_000, 10_000), []);
  assert.equal(worker.silentMs, 2 * ROUND_MS);
});

test('nobody is stuck when there is no limit', () => {
  assert.deepEqual(findStuck([{ silentMs: 1e9 }], 250, 0), []);
});
