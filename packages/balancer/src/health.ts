/**
 * What repeated observations say about an upstream, and when to look again. A verdict falls after
 * `fall` bad observations in a row and rises after `rise` good ones.
 */
import type { Random } from './random.ts';

/** `unknown` until the first observation. */
export type Verdict = 'unknown' | 'healthy' | 'unhealthy';

/** One change of mind. */
export interface VerdictChange {
  readonly from: Verdict;
  readonly to: Verdict;
  /** The reason given with the observation that tipped it. */
  readonly reason: string;
  /** The clock handed to `observe`. */
  readonly atMs: number;
}

/** How many observations in a row change a verdict; whole numbers of at least 1. */
export interface HealthOptions {
  /** Good ones that turn `unhealthy` into `healthy`. */
  readonly rise: number;
  /** Bad ones that turn `healthy` into `unhealthy`. */
  readonly fall: number;
}

/** The verdict about one upstream and how it came about. */
export interface Health {
  readonly verdict: Verdict;
  /** Observations against the verdict are accumulating; one more look soon settles it. */
  readonly isChanging: boolean;
  /** The last ten changes, oldest first. */
  readonly history: readonly VerdictChange[];
  /** The reason given with the latest observation; undefined before the first. */
  readonly lastReason: string | undefined;
  /**
   * Takes one observation and returns the change it caused, if any. The very first one decides at
   * once: a new upstream should neither wait for traffic nor get it on trust for long.
   */
  observe(ok: boolean, reason: string, nowMs: number): VerdictChange | undefined;
}

const HISTORY_LENGTH = 10;

/** Health before any observation. Throws a RangeError when `rise` or `fall` is not 1, 2, 3, … */
export function createHealth({ rise, fall }: HealthOptions): Health {
  assertCount('rise', rise);
  assertCount('fall', fall);
  const history: VerdictChange[] = [];
  let verdict: Verdict = 'unknown';
  let lastReason: string | undefined;
  let streak = 0;

  return {
    get verdict() {
      return verdict;
    },
    get isChanging() {
      return streak > 0;
    },
    history,
    get lastReason() {
      return lastReason;
    },
    observe(ok, reason, nowMs) {
      lastReason = reason;
      const observed = ok ? 'healthy' : 'unhealthy';
      streak = observed === verdict ? 0 : streak + 1;
      const needed = verdict === 'unknown' ? 1 : ok ? rise : fall;
      if (streak < needed) return undefined;

      const change: VerdictChange = { from: verdict, to: observed, reason, atMs: nowMs };
      verdict = observed;
      streak = 0;
      history.push(change);
      if (history.length > HISTORY_LENGTH) history.shift();
      return change;
    },
  };
}

function assertCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`health ${name} is ${value}; it counts observations, so 1 or more`);
  }
}

/**
 * How long to wait before the next probe, in milliseconds. The first falls anywhere in one
 * interval, so that a fleet started at once does not probe in step; later ones keep the interval
 * ±10 %, or half of it while the verdict is changing.
 */
export function probeDelayMs(
  health: Pick<Health, 'verdict' | 'isChanging'>,
  intervalMs: number,
  random: Random,
): number {
  if (health.verdict === 'unknown') return random() * intervalMs;
  const jitteredMs = intervalMs * (0.9 + 0.2 * random());
  return health.isChanging ? jitteredMs / 2 : jitteredMs;
}
