/** A run as those see it who watch and steer it: the terminal and the live page. */
import type { RunResult, Slice } from './result.ts';

/** What is fixed when the run begins. */
export interface RunHeader {
  readonly name: string;
  readonly load: string;
  readonly target: string;
  readonly seed: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Planned length. */
  readonly durationMs: number;
  readonly machine: string;
  /** Names of flows, in the order of the scenario. */
  readonly flows: readonly string[];
  /** What its load is measured in: arrivals per second, users, or held connections. */
  readonly unit: 'per second' | 'users' | 'held';
  /** Rate or users can be changed while it runs. */
  readonly canScale: boolean;
}

export interface RunState {
  readonly status: 'starting' | 'running' | 'paused' | 'ending' | 'ended';
  readonly elapsedMs: number;
  /** The level that is asked for now, with `scale`, in the unit of the header. */
  readonly level: number;
  /** What the profile is multiplied by; 1 until somebody changes it. */
  readonly scale: number;
}

/** What can be done to a run from outside. */
export type Control =
  /** Multiplies the profile, so that the level is this now. */
  | { readonly kind: 'level'; readonly level: number }
  /** Multiplies the profile by this, instead of by what it was multiplied by. */
  | { readonly kind: 'scale'; readonly scale: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'stop' };

export type RunEvent =
  | { readonly kind: 'slice'; readonly slice: Slice }
  | { readonly kind: 'state'; readonly state: RunState }
  | { readonly kind: 'end'; readonly result: RunResult };

export interface LiveRun {
  readonly header: RunHeader;
  readonly state: RunState;
  readonly slices: readonly Slice[];
  /** Set when the run has ended. */
  readonly result: RunResult | undefined;
  /** Calls `listener` with all that happens from now on, until the returned function is called. */
  watch(listener: (event: RunEvent) => void): () => void;
  /** Throws a TypeError, which says why, for what this run cannot do. */
  control(control: Control): void;
}
