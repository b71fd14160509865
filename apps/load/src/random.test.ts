import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRandom, uniformAt } from './random.ts';

function assertUniform(values: readonly number[]): void {
  const tenths = new Float64Array(10);
  for (const value of values) {
    const tenth = Math.floor(value * 10);
    tenths[tenth] = (tenths[tenth] as number) + 1;
  }
  const expected = values.length / 10;
  const chiSquare = tenths.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // Nine degrees of freedom: above 33.7 by chance once in ten thousand.
  assert.ok(chiSquare < 33.7, `chi-square ${chiSquare}`);
}

describe('uniformAt', () => {
  it('is above 0 and below 1 for every seed and index', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (seed, index) => {
        const value = uniformAt(seed, index);
        assert.ok(value > 0 && value < 1);
        assert.equal(uniformAt(seed, index), value);
      }),
    );
  });

  it('is spread evenly over indexes, and over seeds', () => {
    const numbers = Array.from({ length: 100_000 }, (_, i) => i);
    assertUniform(numbers.map((index) => uniformAt(1, index)));
    assertUniform(numbers.map((seed) => uniformAt(seed, 1)));
  });

  it('does not depend on the one before', () => {
    let sum = 0;
    for (let i = 0; i < 100_000; i++) {
      sum += (uniformAt(3, i) - 0.5) * (uniformAt(3, i + 1) - 0.5);
    }
    // Four standard errors of a correlation of 0.
    assert.ok(Math.abs((12 * sum) / 100_000) < 0.013);
  });

  it('does not begin again after 2³² indexes', () => {
    assert.notEqual(uniformAt(1, 5), uniformAt(1, 2 ** 32 + 5));
  });
});

describe('createRandom', () => {
  const take = (random: () => number, count: number) => Array.from({ length: count }, random);

  it('gives the same stream for the same seed and index, and else another', () => {
    const stream = take(createRandom(1, 2), 20);
    assert.deepEqual(take(createRandom(1, 2), 20), stream);
    assert.notDeepEqual(take(createRandom(1, 3), 20), stream);
    assert.notDeepEqual(take(createRandom(2, 2), 20), stream);
  });

  it('is spread evenly, within a stream and over the first of each', () => {
    assertUniform(take(createRandom(5, 0), 100_000));
    assertUniform(Array.from({ length: 100_000 }, (_, i) => createRandom(5, i)()));
  });

  it('stays from 0 to below 1', () => {
    assert.ok(take(createRandom(9, 9), 10_000).every((value) => value >= 0 && value < 1));
  });
});
