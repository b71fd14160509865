// Owns how far behind a replica is in time, by this process's clock and the log of the primary alone.

interface Sample {
  readonly position: bigint;
  readonly askedMs: number;
}

/** Samples are kept for so many times the longest lag of interest. */
const KEPT_LAGS = 2;

/**
 * Where the primary was when. A replica that has replayed what the primary had written at a moment
 * lacks nothing older than that moment. It needs no writes to tell the time by, so a primary at
 * rest makes no replica look late, and no clocks that agree.
 */
export class PrimaryHistory {
  readonly #keptMs: number;
  #samples: Sample[] = [];

  /** For lags up to `maxLagMs`; longer ones are Infinity. */
  constructor(maxLagMs: number) {
    this.#keptMs = maxLagMs * KEPT_LAGS;
  }

  /** The primary's latest known position; undefined before the first. */
  get latest(): bigint | undefined {
    return this.#samples.at(-1)?.position;
  }

  /** The primary was asked at `askedMs` and had written `position`. */
  note(position: bigint, askedMs: number): void {
    // One that was promoted may be at an earlier place: what was before says nothing about it.
    if (position < (this.latest ?? position)) this.#samples = [];
    if (this.latest === position) this.#samples.pop();
    this.#samples.push({ position, askedMs });
    const first = this.#samples.findIndex((one) => one.askedMs >= askedMs - this.#keptMs);
    this.#samples.splice(0, first);
  }

  /** Bytes of log a replica has not replayed; 0 while the primary is unknown. */
  lagBytes(replayed: bigint): number {
    const { latest } = this;
    return latest === undefined || latest <= replayed ? 0 : Number(latest - replayed);
  }

  /** Milliseconds: nothing older than that is missing. Infinity when it is more than can be told. */
  lagMs(replayed: bigint, nowMs: number): number {
    const latest = this.#samples.at(-1);
    if (latest === undefined || latest.position <= replayed) return 0;
    const seen = this.#samples.findLast(({ position }) => position <= replayed);
    return seen === undefined ? Number.POSITIVE_INFINITY : nowMs - seen.askedMs;
  }
}
