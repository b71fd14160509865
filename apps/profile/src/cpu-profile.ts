/** The `.cpuprofile` format, as V8 writes it and DevTools opens it (Profiler.Profile of CDP). */

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds, on a clock of its own. */
  readonly startTime: number;
  readonly endTime: number;
  /** The node that was on top at each sample. */
  readonly samples?: readonly number[] | undefined;
  /** Microseconds between a sample and the one before; the first counts from `startTime`. */
  readonly timeDeltas?: readonly number[] | undefined;
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[] | undefined;
}

export interface CallFrame {
  readonly functionName: string;
  /** `file:` URL, path, `node:` module, or empty for native code. */
  readonly url: string;
  /** From 0; -1 where there is none. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** What the code that takes profiles is called over there, so that it can be told from the rest. */
export const PROFILER_URL = 'headgate-profile';

/** Reads what a process returned; throws when it is no CPU profile. */
export function parseCpuProfile(text: string): CpuProfile {
  const profile = JSON.parse(text) as Partial<CpuProfile>;
  if (!Array.isArray(profile.nodes) || profile.nodes.length === 0) {
    throw new TypeError('this is no CPU profile: it has no nodes');
  }
  return profile as CpuProfile;
}
