/** Samples of a profile, added up along the stacks they were taken of. */
import { type CpuProfile, PROFILER_URL, type ProfileNode } from './cpu-profile.ts';
import type { FrameTable } from './frames.ts';

/** A function, called by those above it. */
export interface CallNode {
  /** Number of the function in the frame table. */
  readonly frame: number;
  /** Microseconds in the function itself. */
  selfUs: number;
  /** In it and in what it called. */
  totalUs: number;
  readonly children: CallNode[];
}

/**
 * The tree of `profile`. Every microsecond between its first sample and its end is the self time of
 * one node, but for what taking the profile took. Nodes without any are left out.
 */
export function foldProfile(profile: CpuProfile, table: FrameTable): CallNode {
  const selfUs = selfTimes(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const fold = (nodes: readonly ProfileNode[], frame: number): CallNode => {
    const children = new Map<number, ProfileNode[]>();
    let self = 0;
    for (const node of nodes) {
      self += selfUs.get(node.id) ?? 0;
      for (const id of node.children ?? []) {
        const child = byId.get(id);
        if (child === undefined || child.callFrame.url === PROFILER_URL) continue;
        // Two nodes can be one function, compiled from its file twice.
        const index = table.indexOf(child.callFrame);
        const same = children.get(index);
        if (same) same.push(child);
        else children.set(index, [child]);
      }
    }
    const folded = [...children]
      .map(([index, same]) => fold(same, index))
      .filter(({ totalUs }) => totalUs > 0);
    const below = folded.reduce((sum, { totalUs }) => sum + totalUs, 0);
    return { frame, selfUs: self, totalUs: self + below, children: folded };
  };
  const root = profile.nodes[0] as ProfileNode;
  return fold([root], table.indexOf(root.callFrame));
}

/**
 * Microseconds each node was on top: from a sample of it to the next sample. V8 may hand samples
 * over in another order than they were taken in.
 */
function selfTimes({ samples = [], timeDeltas = [], startTime, endTime }: CpuProfile) {
  let atUs = startTime;
  const taken = samples.map((id, i) => {
    atUs += timeDeltas[i] ?? 0;
    return { id, atUs };
  });
  taken.sort((a, b) => a.atUs - b.atUs);
  const selfUs = new Map<number, number>();
  taken.forEach((sample, i) => {
    const untilUs = taken[i + 1]?.atUs ?? Math.max(endTime, sample.atUs);
    selfUs.set(sample.id, (selfUs.get(sample.id) ?? 0) + untilUs - sample.atUs);
  });
  return selfUs;
}
