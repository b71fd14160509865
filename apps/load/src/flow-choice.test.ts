import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFlowChoice } from './flow-choice.ts';
import { uniformAt } from './random.ts';

describe('createFlowChoice', () => {
  const indexes = Array.from({ length: 100_000 }, (_, i) => i);

  it('takes flows in proportion to their weights', () => {
    const choose = createFlowChoice([1, 6, 3], 1);
    const chosen = [0, 0, 0];
    for (const index of indexes) {
      const flow = choose(index);
      chosen[flow] = (chosen[flow] as number) + 1;
    }
    for (const [flow, share] of [0.1, 0.6, 0.3].entries()) {
      const measured = (chosen[flow] as number) / indexes.length;
      assert.ok(Math.abs(measured - share) < 0.007, `${measured} of flow ${flow}`);
    }
  });

  it('never takes a flow of weight 0', () => {
    const choose = createFlowChoice([0, 1, 0, 1, 0], 1);
    assert.deepEqual(new Set(indexes.map(choose)), new Set([1, 3]));
  });

  it('takes the only one there is', () => {
    assert.equal(createFlowChoice([0.2], 1)(12), 0);
  });

  it('takes the same one under the same seed, in whatever order it is asked', () => {
    const some = indexes.slice(0, 100);
    const first = createFlowChoice([1, 1], 5);
    const second = createFlowChoice([1, 1], 5);
    assert.deepEqual(some.map(first), some.toReversed().map(second).toReversed());
    assert.notDeepEqual(some.map(first), some.map(createFlowChoice([1, 1], 6)));
  });

  it('does not go with the gaps between arrivals', () => {
    const choose = createFlowChoice([1, 1], 1);
    const afterLongGap = indexes.filter((index) => uniformAt(1, index) < 0.5);
    const share = afterLongGap.filter((index) => choose(index) === 0).length / afterLongGap.length;
    assert.ok(Math.abs(share - 0.5) < 0.01, `${share}`);
  });
});
