import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { causeToRenew, earlinessOf, isEarlyEnough, isFarFromEnd } from './freshness.ts';

const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const duration = fc.double({ min: 0, max: 1e6, noNaN: true });
const beta = fc.constantFrom(0, 0.5, 1, 3);

test('far from the end no dice would start a load', () => {
  fc.assert(
    fc.property(duration, duration, beta, dice, (freshMs, loadMs, beta, dice) => {
      if (!isFarFromEnd(freshMs, loadMs, beta)) return;
      assert.equal(isEarlyEnough(freshMs, loadMs, earlinessOf(beta, dice)), true);
    }),
  );
  const highest = 1 - 2 ** -53;
  assert.equal(isFarFromEnd(37, 1, 1), isEarlyEnough(37, 1, earlinessOf(1, highest)));
});

test('without a load time or with beta 0, a value is good to its end', () => {
  fc.assert(
    fc.property(dice, (dice) => {
      assert.equal(isEarlyEnough(Number.MIN_VALUE, 0, earlinessOf(1, dice)), true);
      assert.equal(isEarlyEnough(0.001, 1e6, earlinessOf(0, dice)), true);
      assert.equal(isEarlyEnough(0, 0, earlinessOf(0, dice)), false);
    }),
  );
});

test('the share of calls that load early falls by e for each load time before the end', () => {
  const calls = 10_000;
  for (const loadTimes of [0.5, 1, 2, 3]) {
    let early = 0;
    for (let i = 0; i < calls; i++) {
      if (!isEarlyEnough(loadTimes * 20, 20, earlinessOf(1, i / calls))) early += 1;
    }
    assert.ok(Math.abs(early / calls - Math.exp(-loadTimes)) < 0.001, `${early} of ${calls}`);
  }
});

test('a value is good, then early, then stale, then too stale', () => {
  const windows = { staleWhileRevalidateMs: 10, staleIfErrorMs: 20 };
  const causes = [31, 30, 0.1, 0, -9.9, -10, -20].map((freshMs) =>
    causeToRenew(freshMs, 15, 2, windows),
  );
  assert.deepEqual(causes, [undefined, 'early', 'early', 'stale', 'stale', 'miss', 'miss']);
});
