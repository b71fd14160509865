import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../seeded-random.test.ts';
import { idle } from './policy.test-support.ts';
import { createShareDraw } from './share-draw.ts';

const largest = 1 - Number.EPSILON / 2;
const drawn = fc.oneof(fc.constant(largest), fc.double({ min: 0, max: largest, noNaN: true }));

describe('draws by share', () => {
  it('lets the number drawn decide', () => {
    const values = [0, 0.24, 0.25, 0.74, 0.75, 0.999];
    const { draw } = createShareDraw(idle(1, 2, 1));
    assert.deepEqual(
      values.map((value) => draw(() => value)),
      [0, 0, 1, 1, 2, 2],
    );
    const even = createShareDraw(idle(7, 7, 7, 7));
    assert.deepEqual(
      values.map((value) => even.draw(() => value)),
      [0, 0, 1, 2, 3, 3],
    );
  });

  it('draws the others, without the excepted one, in proportion to their shares', () => {
    const random = seededRandom(2);
    const { draw } = createShareDraw(idle(1, 5, 2, 1));
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const index = draw(random, 1);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    const expected = [5000, 0, 10_000, 5000];
    for (const [i, count] of counts.entries()) {
      assert.ok(Math.abs(count - (expected[i] as number)) <= 300, `${counts}`);
    }
    assert.equal(counts[1], 0);
  });

  it('property: never draws the excepted one, however the shares round', () => {
    const share = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
    const even = fc.tuple(share, fc.integer({ min: 2, max: 10 }));
    const shares = fc.oneof(
      fc.array(share, { minLength: 2, maxLength: 10 }),
      even.map(([one, count]) => new Array<number>(count).fill(one)),
    );
    fc.assert(
      fc.property(shares, drawn, fc.nat(), (list, value, index) => {
        const except = index % list.length;
        const picked = createShareDraw(idle(...list)).draw(() => value, except);
        assert.ok(picked >= 0 && picked < list.length && picked !== except, `${picked}`);
      }),
    );
  });

  it('draws nobody when there is nobody else', () => {
    assert.equal(
      createShareDraw([]).draw(() => 0.5),
      -1,
    );
    assert.equal(
      createShareDraw(idle(3)).draw(() => 0.5, 0),
      -1,
    );
  });
});
