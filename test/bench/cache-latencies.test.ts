import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latenciesOf } from './cache-latencies.ts';

test('a percentile is the least sample that so many do not exceed', () => {
  const oneToThousand = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
  assert.deepEqual(latenciesOf(oneToThousand), {
    count: 1_000,
    p50Ms: 500,
    p99Ms: 990,
    maxMs: 1_000,
  });
  assert.deepEqual(latenciesOf([7]), { count: 1, p50Ms: 7, p99Ms: 7, maxMs: 7 });
});

test('of nothing there are no figures', () => {
  const { count, p99Ms } = latenciesOf([]);
  assert.deepEqual([count, p99Ms], [0, Number.NaN]);
});
