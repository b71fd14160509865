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
  /** The reason given with the observation that tipped it, and how many it took. */
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

/** What real requests have shown of an upstream lately. */
interface TrafficSeen {
  /** A request failed there since the last probe. */
  readonly hasFailed: boolean;
  /** A request was answered well there a moment ago. */
  readonly hasSucceeded: boolean;
  /** Nobody asks its service for anything just now. */
  readonly isServiceIdle: boolean;
}

const HISTORY_LENGTH = 10;

/** While a verdict is changing, probes are no closer together than this, in milliseconds. */
const SHORTEST_CHANGING_MS = 100;

/** Intervals between probes of an upstream that real requests prove to be healthy. */
const PROVEN_STRETCH = 3;

/** Intervals between probes of a healthy upstream whose service nobody uses. */
const IDLE_STRETCH = 5;

/** Health before any observation. Throws a RangeError when `rise` or `fall` is not 1, 2, 3, … */
export function createHealth({ rise, fall }: HealthOptions): Health {
  assertCount('rise', rise);
  assertCount('fall', fall);
  const history: VerdictChange[] = [];
  let verdict: Verdict = 'unknown';
  let lastReason: string | undefined;
  let streak = 0;
  let isStreakUniform = true;

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
      const observed = ok ? 'healthy' : 'unhealthy';
      isStreakUniform = streak === 0 || (isStreakUniform && reason === lastReason);
      lastReason = reason;
      streak = observed === verdict ? 0 : streak + 1;
      const needed = verdict === 'unknown' ? 1 : ok ? rise : fall;
      if (streak < needed) return undefined;

      const change: VerdictChange = {
        from: verdict,
        to: observed,
        reason: reason + inARow(streak, isStreakUniform, ok),
        atMs: nowMs,
      };
      verdict = observed;
      streak = 0;
      history.push(change);
      if (history.length > HISTORY_LENGTH) history.shift();
      return change;
    },
  };
}

/** What to add to the reason of the last observation of a streak. */
function inARow(streak: number, isUniform: boolean, ok: boolean): string {
  if (streak === 1) return '';
  if (isUniform) return `, ${streak} times in a row`;
  return `, the last of ${streak} ${ok ? 'good answers' : 'failures'} in a row`;
}

function assertCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`health ${name} is ${value}; it counts observations, so 1 or more`);
  }
}

/**
 * How long after a probe the next one is due, in milliseconds. The first falls anywhere in one
 * interval, so that a fleet started at once does not probe in step; later ones keep the interval
 * ±10 %.
 *
 * While the verdict is changing it is half of that, but no less than 100 ms where the interval
 * leaves room. A healthy upstream is left alone for longer: three intervals as long as real
 * requests go well, five as long as nobody uses the service. `traffic` may be looked at again and
 * again while the probe is awaited, with a `random` that stays the same; without it, or after a
 * failure, nothing is put off.
 */
export function probeDelayMs(
  health: Pick<Health, 'verdict' | 'isChanging'>,
  intervalMs: number,
  random: Random,
  traffic?: TrafficSeen,
): number {
  if (health.verdict === 'unknown') return random() * intervalMs;
  const jitteredMs = intervalMs * (0.9 + 0.2 * random());
  if (health.isChanging) {
    return Math.max(jitteredMs / 2, Math.min(jitteredMs, SHORTEST_CHANGING_MS));
  }
  if (health.verdict !== 'healthy' || !traffic || traffic.hasFailed) return jitteredMs;
  if (traffic.hasSucceeded) return PROVEN_STRETCH * jitteredMs;
  return traffic.isServiceIdle ? IDLE_STRETCH * jitteredMs : jitteredMs;
}
