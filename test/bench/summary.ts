/** From windows to the figures of a table: medians over the rounds, with what they ranged over. */
import type { Window } from './window.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Summary {
  readonly contestant: string;
  readonly validWindows: number;
  readonly windows: number;
  /** The first reason a window did not count. */
  readonly invalid: string | undefined;
  /** Microseconds of CPU per request. */
  readonly userUs: Spread;
  readonly systemUs: Spread;
  readonly totalUs: Spread;
  /** Total of ours over theirs, round by round; undefined without a round both count in. */
  readonly ratio: Spread | undefined;
  readonly requestsPerSecond: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly rssBytes: Spread;
  readonly coreShare: Spread;
  readonly othersShare: Spread;
}

/** Median, least and greatest; of nothing, NaN. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const half = sorted.length / 2;
  return {
    median: (at(Math.ceil(half) - 1) + at(Math.floor(half))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** One summary per contestant, in the order they first appear. */
export function summarise(windows: readonly Window[], ours: string): Summary[] {
  return [...Map.groupBy(windows, (window) => window.contestant)].map(([contestant, all]) => {
    const valid = all.filter((window) => window.invalid === undefined);
    const over = (read: (window: Window) => number) => spread(valid.map(read));
    const ratios = valid.flatMap((theirs) => {
      const pair = windows.find((one) => one.contestant === ours && one.round === theirs.round);
      return pair && pair.invalid === undefined ? [totalUs(pair) / totalUs(theirs)] : [];
    });
    return {
      contestant,
      validWindows: valid.length,
      windows: all.length,
      invalid: all.find((window) => window.invalid !== undefined)?.invalid,
      userUs: over((window) => window.userUs / window.requests),
      systemUs: over((window) => window.systemUs / window.requests),
      totalUs: over(totalUs),
      ratio: ratios.length > 0 ? spread(ratios) : undefined,
      requestsPerSecond: over((window) => window.requestsPerSecond),
      p50Us: over((window) => window.p50Us),
      p99Us: over((window) => window.p99Us),
      rssBytes: over((window) => window.rssBytes),
      coreShare: over((window) => window.coreShare),
      othersShare: over((window) => window.othersShare),
    };
  });
}

function totalUs(window: Window): number {
  return (window.userUs + window.systemUs) / window.requests;
}
