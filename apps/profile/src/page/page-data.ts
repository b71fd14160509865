import type { CallNode } from '../call-tree.ts';
import type { Frame } from '../frames.ts';

/** All that the page shows, as JSON inside of it. */
export interface PageData {
  /** ISO 8601. */
  readonly takenAt: string;
  readonly intervalUs: number;
  readonly frames: readonly Frame[];
  readonly processes: readonly PageProcess[];
}

export interface PageProcess {
  readonly label: string;
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly tree: CallNode;
}
