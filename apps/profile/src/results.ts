/** Profiles of several processes, made ready to be shown. */
import { type CallNode, foldProfile } from './call-tree.ts';
import { parseCpuProfile } from './cpu-profile.ts';
import { type Frame, FrameTable } from './frames.ts';
import type { TakenProfile } from './profiled-process.ts';
import { type TimeShares, timeShares } from './top-list.ts';

export interface Results {
  /** ISO 8601. */
  readonly takenAt: string;
  readonly intervalUs: number;
  /** Of all processes. */
  readonly frames: readonly Frame[];
  readonly processes: readonly ProcessResult[];
}

export interface ProcessResult {
  readonly taken: TakenProfile;
  readonly tree: CallNode;
  readonly shares: TimeShares;
  readonly sampleCount: number;
}

/** Adds up what was taken; files are named relative to `folder`. Throws for what is no profile. */
export function makeResults(
  profiles: readonly TakenProfile[],
  { folder, ...about }: { folder: string; takenAt: string; intervalUs: number },
): Results {
  const table = new FrameTable(folder);
  const processes = profiles.map((taken) => {
    const profile = parseCpuProfile(taken.json);
    const tree = foldProfile(profile, table);
    const shares = timeShares(tree, table.frames);
    return { taken, tree, shares, sampleCount: profile.samples?.length ?? 0 };
  });
  return { ...about, frames: table.frames, processes };
}
