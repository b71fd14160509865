import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldProfile } from './call-tree.ts';
import { FrameTable } from './frames.ts';
import { profileOf } from './sample-profile.test-support.ts';
import { timeShares, topFiles, topFunctions } from './top-list.ts';

const module = 'file:///app/node_modules/@hono/node-server/dist';

function fold(...stacks: [string[], number][]) {
  const table = new FrameTable('/app');
  return { tree: foldProfile(profileOf(stacks), table), frames: table.frames };
}

test('functions come by self time, and idling is none of them', () => {
  const { tree, frames } = fold([['main', 'hot'], 300], [['main'], 100], [['(idle)'], 900]);
  const rows = topFunctions([tree], frames).map(({ frame, ...rest }) => [frame.name, rest]);
  assert.deepEqual(rows, [
    ['hot', { selfUs: 300, totalUs: 300 }],
    ['main', { selfUs: 100, totalUs: 400 }],
  ]);
});

test('a function that calls itself has its time once', () => {
  const { tree, frames } = fold([['walk', 'walk', 'leaf', 'walk'], 10], [['walk'], 5]);
  const walk = topFunctions([tree], frames).find(({ frame }) => frame.name === 'walk');
  assert.deepEqual([walk?.selfUs, walk?.totalUs], [15, 15]);
});

test('the same function in two processes is one row', () => {
  const table = new FrameTable('/app');
  const trees = [40, 2].map((timeUs) => foldProfile(profileOf([[['hot'], timeUs]]), table));
  assert.deepEqual(
    topFunctions(trees, table.frames).map(({ selfUs }) => selfUs),
    [42],
  );
});

test('a module is one row, and so is native code', () => {
  const { tree, frames } = fold(
    [[`a ${module}/a.js`], 5],
    [[`b ${module}/b.js`], 6],
    [['writev'], 3],
    [['(program)'], 4],
    [['h file:///app/src/h.ts'], 2],
    [['(garbage collector)'], 1],
  );
  assert.deepEqual(
    topFiles(topFunctions([tree], frames)).map(({ file, selfUs }) => [file, selfUs]),
    [
      ['@hono/node-server', 11],
      ['(native code)', 7],
      ['src/h.ts', 2],
      ['(garbage collector)', 1],
    ],
  );
});

test('idling and garbage collection have their shares', () => {
  const { tree, frames } = fold(
    [['(idle)'], 70],
    [['main', '(garbage collector)'], 20],
    [['main'], 10],
  );
  assert.deepEqual(timeShares(tree, frames), { totalUs: 100, idleUs: 70, gcUs: 20 });
});
