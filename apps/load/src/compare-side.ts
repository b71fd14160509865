/** One side of a comparison: its distributions, decoded once to be merged a thousand times. */
import type { Span } from './bootstrap.ts';
import { middleUs, readCounts } from './histogram.ts';
import type { RunResult } from './result.ts';

export const COMPARED = ['p50', 'p90', 'p99', 'p99.9', 'mean', 'errors', 'rate'] as const;
const SHARES = [0.5, 0.9, 0.99, 0.999];
/** Places of a group: it is enough to merge groups, and then those which hold a percentile. */
const GROUP_BITS = 6;
const GROUP_SIZE = 2 ** GROUP_BITS;

/** Milliseconds, then the share of failures, then good answers per second; in that order. */
export type Measures = readonly number[];

/** A second of a run, or a whole run: the least that is drawn at once. */
interface Piece {
  /** Places in `bucketMs`, ascending, and how many values each has. */
  readonly places: Int32Array;
  readonly counts: Float64Array;
  /** How many values each group has, and which of `places` is its first; one more at the end. */
  readonly groupCounts: Float64Array;
  readonly groupStarts: Int32Array;
  readonly total: number;
  readonly sumMs: number;
  readonly completed: number;
  readonly failed: number;
  readonly durationMs: number;
}

export interface Side {
  readonly spans: readonly Span[];
  readonly pieces: readonly Piece[];
  /** The middle of every bucket that any piece uses, ascending. */
  readonly bucketMs: Float64Array;
}

interface RawPiece {
  readonly histogram: string;
  readonly completed: number;
  readonly failed: number;
  readonly durationMs: number;
}

/** All flows of the runs, second by second. */
export function headlineSide(runs: readonly RunResult[]): Side {
  return createSide(runs.map(({ slices }) => slices));
}

/** One flow or step of the runs that have it; their distributions are known of whole runs only. */
export function seriesSide(runs: readonly RunResult[], name: string): Side {
  const parts = runs.flatMap(({ series, durationMs }) => {
    const found = series.find((one) => one.name === name);
    if (found === undefined) return [];
    const { completed, failed, latency } = found;
    return [[{ histogram: latency.histogram, completed, failed, durationMs }]];
  });
  return createSide(parts);
}

function createSide(runs: readonly (readonly RawPiece[])[]): Side {
  const raw = runs.flat();
  const decoded = raw.map(({ histogram }) => readCounts(histogram));
  const buckets = new Set<number>();
  for (const counts of decoded) {
    for (let i = 0; i < counts.length; i += 2) buckets.add(counts[i] as number);
  }
  const used = Int32Array.from(buckets).sort();
  const placeOf = new Map(Array.from(used, (bucket, place) => [bucket, place]));
  const bucketMs = Float64Array.from(used, (bucket) => middleUs(bucket) / 1_000);
  const pieces = raw.map((piece, i) =>
    decode(piece, decoded[i] as Float64Array, placeOf, bucketMs),
  );
  const spans: Span[] = [];
  let start = 0;
  for (const { length } of runs) {
    spans.push({ start, length });
    start += length;
  }
  return { spans, pieces, bucketMs };
}

function decode(
  { completed, failed, durationMs }: RawPiece,
  pairs: Float64Array,
  placeOf: ReadonlyMap<number, number>,
  bucketMs: Float64Array,
): Piece {
  const places = new Int32Array(pairs.length / 2);
  const counts = new Float64Array(pairs.length / 2);
  const groupCounts = new Float64Array(groupsOf(bucketMs));
  const groupStarts = new Int32Array(groupCounts.length + 1);
  let total = 0;
  let sumMs = 0;
  for (let i = 0; i < places.length; i++) {
    const place = placeOf.get(pairs[2 * i] as number) as number;
    const count = pairs[2 * i + 1] as number;
    const group = place >> GROUP_BITS;
    places[i] = place;
    counts[i] = count;
    groupCounts[group] = (groupCounts[group] as number) + count;
    groupStarts.fill(i + 1, group + 1);
    total += count;
    sumMs += count * (bucketMs[place] as number);
  }
  return { places, counts, groupCounts, groupStarts, total, sumMs, completed, failed, durationMs };
}

function groupsOf(bucketMs: Float64Array): number {
  return Math.ceil(bucketMs.length / GROUP_SIZE);
}

/** What the side measures when each piece counts as often as its weight says. */
export function measureSide(side: Side, weights: Float64Array): Measures {
  const groups = new Float64Array(groupsOf(side.bucketMs));
  let total = 0;
  let sumMs = 0;
  let completed = 0;
  let failed = 0;
  let durationMs = 0;
  for (let i = 0; i < side.pieces.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    const piece = side.pieces[i] as Piece;
    for (let group = 0; group < groups.length; group++) {
      groups[group] = (groups[group] as number) + weight * (piece.groupCounts[group] as number);
    }
    total += weight * piece.total;
    sumMs += weight * piece.sumMs;
    completed += weight * piece.completed;
    failed += weight * piece.failed;
    durationMs += weight * piece.durationMs;
  }
  return [
    ...SHARES.map((share) => quantileMs(side, weights, groups, share * total)),
    sumMs / total,
    failed / completed,
    ((completed - failed) * 1_000) / durationMs,
  ];
}

/** As `Histogram.quantileUs` has it; NaN when there are no values. */
function quantileMs(
  side: Side,
  weights: Float64Array,
  groups: Float64Array,
  wanted: number,
): number {
  const rank = Math.max(1, Math.ceil(wanted - 1e-9));
  let seen = 0;
  let group = 0;
  while (group < groups.length && seen + (groups[group] as number) < rank) {
    seen += groups[group++] as number;
  }
  if (group === groups.length) return Number.NaN;
  const merged = mergeGroup(side, weights, group);
  let inGroup = -1;
  while (seen < rank && inGroup + 1 < GROUP_SIZE) seen += merged[++inGroup] as number;
  return side.bucketMs[group * GROUP_SIZE + inGroup] as number;
}

function mergeGroup({ pieces }: Side, weights: Float64Array, group: number): Float64Array {
  const merged = new Float64Array(GROUP_SIZE);
  for (let i = 0; i < pieces.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    const { places, counts, groupStarts } = pieces[i] as Piece;
    const end = groupStarts[group + 1] as number;
    for (let entry = groupStarts[group] as number; entry < end; entry++) {
      const place = (places[entry] as number) % GROUP_SIZE;
      merged[place] = (merged[place] as number) + weight * (counts[entry] as number);
    }
  }
  return merged;
}
