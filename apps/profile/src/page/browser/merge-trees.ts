import type { CallNode } from '../../call-tree.ts';
import type { Frame } from '../../frames.ts';

/** One tree of several: functions with the same callers are one node. */
export function mergeTrees(trees: readonly CallNode[]): CallNode {
  const byFrame = new Map<number, CallNode[]>();
  for (const { children } of trees) {
    for (const child of children) {
      const same = byFrame.get(child.frame);
      if (same) same.push(child);
      else byFrame.set(child.frame, [child]);
    }
  }
  return {
    frame: trees[0]?.frame ?? 0,
    selfUs: trees.reduce((sum, { selfUs }) => sum + selfUs, 0),
    totalUs: trees.reduce((sum, { totalUs }) => sum + totalUs, 0),
    children: [...byFrame.values()].map((same) => mergeTrees(same)),
  };
}

/** The tree without the time in which there was nothing to do. */
export function withoutIdle(tree: CallNode, frames: readonly Frame[]): CallNode {
  const children = tree.children.filter(({ frame }) => frames[frame]?.kind !== 'idle');
  const below = children.reduce((sum, { totalUs }) => sum + totalUs, 0);
  return { ...tree, totalUs: tree.selfUs + below, children };
}
