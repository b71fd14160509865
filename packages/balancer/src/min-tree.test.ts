import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createMinTree } from './min-tree.ts';
import { seededRandom } from './seeded-random.test.ts';

const OUT = Number.POSITIVE_INFINITY;

describe('min tree', () => {
  it('is empty until something is put in', () => {
    for (const size of [0, 1, 2, 5]) {
      assert.equal(
        createMinTree(size).pick(() => 0),
        -1,
      );
    }
  });

  it('finds what a scan finds, whatever was put in, changed and taken out', () => {
    // Few distinct keys, so that ties are common.
    const key = fc.oneof(fc.nat(3), fc.double({ min: 0, noNaN: true }), fc.constant(OUT));
    const change = fc.record({
      index: fc.nat(),
      key,
      weight: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    });
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, fc.array(change, { size: 'large' }), fc.integer(), (count, list, seed) => {
        const random = seededRandom(seed);
        const tree = createMinTree(count);
        const keys = new Array<number>(count).fill(OUT);
        for (const { index, key, weight } of list) {
          keys[index % count] = key;
          tree.set(index % count, key, weight);
          const least = Math.min(...keys);
          const picked = tree.pick(random);
          if (least === OUT) assert.equal(picked, -1);
          else assert.equal(keys[picked], least);
        }
      }),
    );
  });

  it('lets the number drawn decide a tie exactly, by weight and in the order of the indexes', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 40 });
    const largest = 1 - Number.EPSILON / 2;
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: largest, noNaN: true }), (list, drawn) => {
        const tree = createMinTree(list.length * 2);
        let total = 0;
        for (const [i, weight] of list.entries()) {
          tree.set(2 * i, 5, weight);
          tree.set(2 * i + 1, i % 2 ? 6 : OUT, 1000);
          total += weight;
        }
        let left = drawn * total;
        const expected = list.findIndex((weight) => {
          left -= weight;
          return left < 0;
        });
        assert.equal(
          tree.pick(() => drawn),
          2 * (expected < 0 ? list.length - 1 : expected),
        );
      }),
    );
  });

  it('draws ties as often as their weights say after many changes', () => {
    const tree = createMinTree(6);
    const random = seededRandom(9);
    for (let i = 0; i < 1000; i++) tree.set(Math.floor(random() * 6), random(), random() * 10);
    for (const [index, weight] of [1, 0.5, 2, 1, 0.5, 5].entries()) tree.set(index, -1, weight);
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const picked = tree.pick(random);
      counts[picked] = (counts[picked] ?? 0) + 1;
    }
    for (const [index, weight] of [1, 0.5, 2, 1, 0.5, 5].entries()) {
      const count = counts[index] as number;
      assert.ok(Math.abs(count - 2000 * weight) < 300, `${index} was picked ${count} times`);
    }
  });
});
