import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';

/** How many retries it pays for in a row. */
function spend(budget: RetryBudget): number {
  let retries = 0;
  while (budget.withdraw()) retries++;
  return retries;
}

test('a new budget pays for a burst of retries, then for none', () => {
  const budget = createRetryBudget();
  assert.equal(spend(budget), 10);
  assert.equal(budget.withdraw(), false);
});

test('ten successes pay for exactly one retry', () => {
  const budget = createRetryBudget();
  spend(budget);
  for (let i = 0; i < 9; i++) budget.deposit();
  assert.equal(budget.withdraw(), false);
  budget.deposit();
  assert.equal(spend(budget), 1);
});

test('no more than a burst is saved up', () => {
  const budget = createRetryBudget({ ratio: 0.5, burst: 3 });
  for (let i = 0; i < 1_000; i++) budget.deposit();
  assert.equal(spend(budget), 3);
});

test('a ratio that is no price is refused', () => {
  for (const ratio of [0, -1, Number.NaN]) {
    assert.throws(() => createRetryBudget({ ratio }), /ratio is .*above 0/);
  }
});

test('property: retries never exceed the burst and the share of successes', () => {
  const ratios = fc.constantFrom(0.02, 0.1, 0.2, 0.3, 1);
  fc.assert(
    fc.property(ratios, fc.nat(20), fc.array(fc.boolean()), (ratio, burst, deposits) => {
      const budget = createRetryBudget({ ratio, burst });
      let successes = 0;
      let retries = 0;
      for (const isDeposit of deposits) {
        if (isDeposit) {
          successes++;
          budget.deposit();
        } else if (budget.withdraw()) {
          retries++;
        }
        assert.ok(retries <= burst + ratio * successes + 1e-9);
      }
    }),
  );
});
