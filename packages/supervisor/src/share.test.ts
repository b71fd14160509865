import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fairShare, isSurplus, surplusOf } from './share.ts';

test('the share is what each would have if all had as many', () => {
  assert.deepEqual(fairShare([]), { type: 'share', workers: 0, connections: 0 });
  assert.deepEqual(fairShare([30, 10, 5]), { type: 'share', workers: 3, connections: 15 });
});

test('two connections more than the share are no surplus, and neither are 5 %', () => {
  const few = fairShare([10, 10]);
  assert.equal(isSurplus(12, few), false);
  assert.equal(isSurplus(13, few), true);
  const many = fairShare([1_000, 1_000]);
  assert.equal(isSurplus(1_050, many), false);
  assert.equal(isSurplus(1_051, many), true);
});

test('what is given away leaves the share', () => {
  const share = fairShare([30, 10]);
  assert.equal(surplusOf(22, share), 0);
  assert.equal(surplusOf(30, share), 10);
});

test('a worker that is alone has no surplus', () => {
  assert.equal(isSurplus(1_000, { type: 'share', workers: 1, connections: 0 }), false);
});
