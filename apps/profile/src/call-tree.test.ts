import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallNode, foldProfile } from './call-tree.ts';
import { FrameTable } from './frames.ts';
import { mergeTrees, withoutIdle } from './page/browser/merge-trees.ts';
import { profileOf, randomStacks } from './sample-profile.test-support.ts';

function selfSum({ selfUs, children }: CallNode): number {
  return selfUs + children.reduce((sum, child) => sum + selfSum(child), 0);
}

/** Every total is the self time and the totals below it. */
function assertTotals({ selfUs, totalUs, children }: CallNode): void {
  assert.equal(
    totalUs,
    children.reduce((sum, child) => sum + child.totalUs, selfUs),
  );
  children.forEach(assertTotals);
}

/** `a(b)` with the times of each, whatever the order of the children. */
function shapeOf(node: CallNode, table: FrameTable): string {
  const children = node.children.map((child) => shapeOf(child, table)).sort();
  return `${table.frames[node.frame]?.name}:${node.selfUs}/${node.totalUs}(${children.join(' ')})`;
}

test('samples add up along their stacks', () => {
  const table = new FrameTable('/app');
  const tree = foldProfile(
    profileOf([
      [['main', 'hot'], 300],
      [['main'], 100],
      [['main', 'hot'], 50],
      [['(idle)'], 550],
    ]),
    table,
  );
  assert.equal(shapeOf(tree, table), '(root):0/1000((idle):550/550() main:100/450(hot:350/350()))');
});

test('self times sum to the time that was sampled, whatever the stacks', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const stacks = randomStacks(seed, 1 + (seed % 60));
    const table = new FrameTable('/app');
    const profile = profileOf(stacks);
    const tree = foldProfile(profile, table);
    assert.equal(selfSum(tree), profile.endTime - profile.startTime, `seed ${seed}`);
    assertTotals(tree);
  }
});

test('merged trees have the time of all, and are the tree of all samples', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const table = new FrameTable('/app');
    const parts = [0, 1, 2].map((i) => randomStacks(seed * 7 + i, 20));
    const merged = mergeTrees(parts.map((stacks) => foldProfile(profileOf(stacks), table)));
    const whole = foldProfile(profileOf(parts.flat()), table);
    assert.equal(shapeOf(merged, table), shapeOf(whole, table), `seed ${seed}`);
  }
});

test('samples that were handed over out of order count for their own time', () => {
  const { nodes } = profileOf([
    [['a'], 1],
    [['b'], 1],
  ]);
  const table = new FrameTable('/app');
  const tree = foldProfile(
    { nodes, startTime: 0, endTime: 100, samples: [2, 3, 2], timeDeltas: [0, 90, -30] },
    table,
  );
  assert.equal(shapeOf(tree, table), '(root):0/100(a:90/90() b:10/10())');
});

test('what taking the profile took is left out', () => {
  const table = new FrameTable('/app');
  const stacks: [string[], number][] = [
    [['main'], 70],
    [['(anonymous) headgate-profile', 'post node:inspector'], 30],
  ];
  assert.equal(shapeOf(foldProfile(profileOf(stacks), table), table), '(root):0/70(main:70/70())');
});

test('a profile without samples is an empty tree', () => {
  const table = new FrameTable('/app');
  const { nodes } = profileOf([]);
  const tree = foldProfile({ nodes, startTime: 5, endTime: 9 }, table);
  assert.equal(shapeOf(tree, table), '(root):0/0()');
});

test('the tree without idling has the time of the rest', () => {
  const table = new FrameTable('/app');
  const tree = foldProfile(
    profileOf([
      [['(idle)'], 60],
      [['main'], 40],
    ]),
    table,
  );
  assert.equal(shapeOf(withoutIdle(tree, table.frames), table), '(root):0/40(main:40/40())');
});
