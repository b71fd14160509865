/** A distribution of latencies, with and without a stall, known without measuring. */

/** A stall: what would be answered in it is answered at its end. */
export interface Stall {
  readonly fromMs: number;
  readonly toMs: number;
}

const MIN_MS = 40;
const SCALE_MS = 50;

/** The latency that this share (0 to 1) of answers does not exceed: Rayleigh, 40 ms later. */
function latencyMs(share: number): number {
  return MIN_MS + SCALE_MS * Math.sqrt(-2 * Math.log(1 - share));
}

/** When an answer goes out, in milliseconds since the first request. */
export function answerMs(arrivedMs: number, share: number, stall: Stall | undefined): number {
  const dueMs = arrivedMs + latencyMs(share);
  return stall && dueMs >= stall.fromMs && dueMs < stall.toMs ? stall.toMs : dueMs;
}

/**
 * The quantiles of all latencies when requests arrive evenly over `durationMs`, whatever the
 * server does: by adding up over a fine grid of arrival times and shares.
 */
export function analyticQuantiles(
  shares: readonly number[],
  durationMs: number,
  stall: Stall | undefined,
): number[] {
  const arrivals = 800;
  const grid = 10_000;
  const all = new Float64Array(arrivals * grid);
  for (let i = 0; i < arrivals; i++) {
    const arrivedMs = ((i + 0.5) / arrivals) * durationMs;
    for (let j = 0; j < grid; j++) {
      all[i * grid + j] = answerMs(arrivedMs, (j + 0.5) / grid, stall) - arrivedMs;
    }
  }
  all.sort();
  return shares.map((share) => all[Math.ceil(share * all.length) - 1] as number);
}
