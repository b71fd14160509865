/** The last seconds of a run in a few figures, for those who watch it. */
import type { FailureKind } from './failure.ts';
import { Histogram, readCounts } from './histogram.ts';
import type { Percentiles, Slice } from './result.ts';
import { percentiles } from './summary.ts';

export interface Recent {
  /** Arrivals per second that the profile asked for; null when it asks for no rate. */
  readonly askedPerS: number | null;
  /** Completed without failure. */
  readonly goodPerS: number;
  /** Null when nothing ended. */
  readonly latency: Percentiles | null;
  /** Of what completed, from 0 to 1; NaN when nothing did. */
  readonly failedShare: number;
  readonly failures: ReadonlyMap<FailureKind, number>;
  readonly late: number;
  readonly dropped: number;
  readonly hasSaturated: boolean;
}

/** Of the slices given, which follow each other. */
export function summarizeRecent(slices: readonly Slice[]): Recent {
  const sum = (pick: (slice: Slice) => number) =>
    slices.reduce((total, slice) => total + pick(slice), 0);
  const completed = sum((slice) => slice.completed);
  const failed = sum((slice) => slice.failed);
  const seconds = sum((slice) => slice.durationMs) / 1_000;
  const histogram = new Histogram();
  for (const slice of slices) histogram.add(readCounts(slice.histogram));
  const isRate = slices.some(({ askedPerS }) => askedPerS !== null);
  const asked = sum(({ askedPerS, durationMs }) => ((askedPerS ?? 0) * durationMs) / 1_000);
  return {
    askedPerS: isRate ? asked / seconds : null,
    goodPerS: (completed - failed) / seconds,
    latency: percentiles(histogram),
    failedShare: failed / completed,
    failures: addFailures(slices),
    late: sum((slice) => slice.late),
    dropped: sum((slice) => slice.dropped),
    hasSaturated: slices.some(({ generator }) => generator.isSaturated),
  };
}

function addFailures(slices: readonly Slice[]): Map<FailureKind, number> {
  const failures = new Map<FailureKind, number>();
  for (const slice of slices) {
    for (const [kind, count] of Object.entries(slice.failures) as [FailureKind, number][]) {
      failures.set(kind, (failures.get(kind) ?? 0) + count);
    }
  }
  return failures;
}
