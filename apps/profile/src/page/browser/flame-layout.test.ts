import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallNode, foldProfile } from '../../call-tree.ts';
import { FrameTable } from '../../frames.ts';
import { profileOf, randomStacks } from '../../sample-profile.test-support.ts';
import { layoutFlame, timeOfHits } from './flame-layout.ts';

function leaf(frame: number, totalUs: number): CallNode {
  return { frame, selfUs: totalUs, totalUs, children: [] };
}

test('children lie below their parent side by side, the longest first', () => {
  const tree = { frame: 0, selfUs: 20, totalUs: 100, children: [leaf(1, 30), leaf(2, 50)] };
  assert.deepEqual(
    layoutFlame([tree], 0).map(({ node, row, start, width }) => [node.frame, row, start, width]),
    [
      [0, 0, 0, 1],
      [2, 1, 0, 0.5],
      [1, 1, 0.5, 0.3],
    ],
  );
});

test('a zoomed node is as wide as all, with its callers above it', () => {
  const inner = { frame: 2, selfUs: 0, totalUs: 40, children: [leaf(3, 40)] };
  const tree = { frame: 0, selfUs: 60, totalUs: 100, children: [inner] };
  const boxes = layoutFlame([tree, inner], 0);
  assert.deepEqual(
    boxes.map(({ node, row, width }) => [node.frame, row, width]),
    [
      [0, 0, 1],
      [2, 1, 1],
      [3, 2, 1],
    ],
  );
  assert.equal(boxes[2]?.parent, boxes[1]);
});

test('no box leaves its parent or meets another of its row, and narrow ones are left out', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const tree = foldProfile(profileOf(randomStacks(seed, 60)), new FrameTable('/app'));
    const boxes = layoutFlame([tree], 0.01);
    for (const [i, { parent, row, start, width }] of boxes.entries()) {
      assert.ok(width >= 0.01);
      if (!parent) continue;
      assert.ok(start >= parent.start - 1e-9);
      assert.ok(start + width <= parent.start + parent.width + 1e-9);
      const before = boxes[i - 1];
      if (before?.row === row) assert.ok(before.start + before.width <= start + 1e-9);
    }
  }
});

test('time of functions that were found counts once where they call each other', () => {
  const inner = { frame: 1, selfUs: 10, totalUs: 40, children: [leaf(1, 30)] };
  const tree = { frame: 0, selfUs: 0, totalUs: 90, children: [inner, leaf(2, 50)] };
  assert.equal(
    timeOfHits(tree, (frame) => frame === 1),
    40,
  );
  assert.equal(
    timeOfHits(tree, () => false),
    0,
  );
});
