/** Latencies in rows of a heat map: the same height on a logarithmic axis, whatever their size. */
import { lowestUs, readCounts } from '../../histogram.ts';

const ROWS_PER_DECADE = 16;
const LOWEST_US = 10;
/** From 10 µs to 71 minutes, the most a histogram holds. */
export const ROWS = Math.ceil(Math.log10(0xffff_ffff / LOWEST_US) * ROWS_PER_DECADE);

/** The row of a latency; anything faster than the first row is in it. */
export function rowOf(us: number): number {
  const row = Math.floor(Math.log10(Math.max(us, LOWEST_US) / LOWEST_US) * ROWS_PER_DECADE + 1e-9);
  return Math.min(row, ROWS - 1);
}

/** The lower edge of a row, in milliseconds. */
export function rowFloorMs(row: number): number {
  return (LOWEST_US * 10 ** (row / ROWS_PER_DECADE)) / 1_000;
}

/** How many values of a histogram (`Slice.histogram`) each row has; rows without any are left out. */
export function readRows(histogram: string): Map<number, number> {
  const rows = new Map<number, number>();
  const counts = readCounts(histogram);
  for (let i = 0; i + 1 < counts.length; i += 2) {
    const row = rowOf(lowestUs(counts[i] as number));
    rows.set(row, (rows.get(row) ?? 0) + (counts[i + 1] as number));
  }
  return rows;
}
