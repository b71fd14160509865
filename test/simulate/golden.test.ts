import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Golden, goldenFile, goldenOf } from './golden.ts';
import { scenarios } from './scenarios.ts';

const TOLERANCE = 0.05;

const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as readonly Golden[];

describe('the balancer, against its golden figures (pnpm simulate --update-golden)', () => {
  for (const scenario of scenarios) {
    it(`does as well as ever in ${scenario.name}`, () => {
      const expected = golden.find(({ name }) => name === scenario.name);
      assert.ok(expected, 'no golden figures; write them with pnpm simulate --update-golden');
      const actual = goldenOf(scenario);
      for (const key of ['p50Ms', 'p99Ms', 'p999Ms'] as const) {
        const nowMs: number = actual[key] ?? 0;
        const thenMs: number = expected[key] ?? 0;
        assert.ok(
          Math.abs(nowMs - thenMs) <= TOLERANCE * thenMs,
          `${key} was ${thenMs}, is ${nowMs}`,
        );
      }
      const failures = Math.abs(actual.failed - expected.failed);
      assert.ok(
        failures <= Math.max(2, TOLERANCE * expected.failed),
        `${expected.failed} requests failed, now ${actual.failed}`,
      );
      for (const goal of Object.keys(expected.reached)) {
        assert.ok(goal in actual.reached, `"${goal}" is not reached any more`);
      }
    });
  }
});
