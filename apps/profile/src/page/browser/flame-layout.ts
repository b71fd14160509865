import type { CallNode } from '../../call-tree.ts';

/** A node in its place: shares of the width, from 0 to 1, and a row. */
export interface Box {
  readonly node: CallNode;
  /** Undefined for the root of all. */
  readonly parent: Box | undefined;
  readonly row: number;
  readonly start: number;
  readonly width: number;
}

/**
 * What is seen when the last node of `path` fills the width: the nodes it was reached by above it,
 * and below it what it called, the longest first. Nodes narrower than `minWidth` are left out.
 */
export function layoutFlame(path: readonly CallNode[], minWidth: number): Box[] {
  const boxes: Box[] = [];
  let focus: Box | undefined;
  for (const [row, node] of path.entries()) {
    focus = { node, parent: focus, row, start: 0, width: 1 };
    boxes.push(focus);
  }
  if (focus === undefined) return boxes;
  const open = [focus];
  for (let parent = open.pop(); parent; parent = open.pop()) {
    if (parent.node.totalUs <= 0) continue;
    let start = parent.start;
    const scale = parent.width / parent.node.totalUs;
    for (const node of parent.node.children.toSorted((a, b) => b.totalUs - a.totalUs)) {
      const width = node.totalUs * scale;
      if (width < minWidth) break;
      const box = { node, parent, row: parent.row + 1, start, width };
      boxes.push(box);
      open.push(box);
      start += width;
    }
  }
  return boxes.sort((a, b) => a.row - b.row || a.start - b.start);
}

/** Microseconds in functions for which `isHit` holds, or in what they called, counted once. */
export function timeOfHits(tree: CallNode, isHit: (frame: number) => boolean): number {
  if (isHit(tree.frame)) return tree.totalUs;
  return tree.children.reduce((sum, child) => sum + timeOfHits(child, isHit), 0);
}
