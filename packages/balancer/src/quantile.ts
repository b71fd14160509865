/**
 * Quantiles of recent latencies in little memory: counts in buckets of equal ratio, in two halves.
 * One half is filled while the other is remembered; when its time is up it takes the other's place,
 * and what was there is forgotten.
 */

/** Each bucket is 4.4 % wider than the one before, so its middle is off by at most 2.2 %. */
const BUCKETS_PER_DOUBLING = 16;

/** The range in milliseconds is 10 µs to 5.6 minutes; anything beyond counts as its end. */
const LEAST_MS = 0.01;
const BUCKETS = 25 * BUCKETS_PER_DOUBLING;

/** A half is filled for this long, so that samples are forgotten after 10 to 20 seconds. */
const HALF_MS = 10_000;

/** A quantile once found is good for this long, in milliseconds. */
const REFRESH_MS = 100;

/** The latencies of the last seconds. */
export class RecentLatencies {
  #current = new Uint32Array(BUCKETS);
  #previous = new Uint32Array(BUCKETS);
  #currentCount = 0;
  #previousCount = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #share = Number.NaN;
  #foundMs = Number.NEGATIVE_INFINITY;
  #found: number | undefined;

  /** Takes one latency in milliseconds. */
  record(latencyMs: number, nowMs: number): void {
    this.#rotate(nowMs);
    const bucket = bucketOf(latencyMs);
    this.#current[bucket] = (this.#current[bucket] as number) + 1;
    this.#currentCount++;
  }

  /** How many samples are remembered. */
  count(nowMs: number): number {
    this.#rotate(nowMs);
    return this.#currentCount + this.#previousCount;
  }

  /**
   * The latency in milliseconds, within 5 %, that this share (0 to 1) of the samples does not
   * exceed, as of at most 100 ms ago; undefined when there are no samples.
   */
  quantile(share: number, nowMs: number): number | undefined {
    if (share === this.#share && nowMs - this.#foundMs < REFRESH_MS) return this.#found;
    this.#rotate(nowMs);
    this.#share = share;
    this.#foundMs = nowMs;
    this.#found = this.#find(share);
    return this.#found;
  }

  #find(share: number): number | undefined {
    // The tolerance is for shares such as 0.07, of which a hundred make a little more than 7.
    const rank = Math.max(1, Math.ceil(share * (this.#currentCount + this.#previousCount) - 1e-9));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += (this.#current[bucket] as number) + (this.#previous[bucket] as number);
      if (seen >= rank) return LEAST_MS * 2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING);
    }
    return undefined;
  }

  #rotate(nowMs: number): void {
    const ageMs = nowMs - this.#sinceMs;
    if (ageMs < HALF_MS) return;
    const forgotten = this.#previous;
    this.#previous = this.#current;
    this.#previousCount = this.#currentCount;
    this.#current = forgotten.fill(0);
    this.#currentCount = 0;
    this.#sinceMs = nowMs;
    if (ageMs < 2 * HALF_MS) return;
    this.#previous.fill(0);
    this.#previousCount = 0;
  }
}

function bucketOf(latencyMs: number): number {
  if (!(latencyMs > LEAST_MS)) return 0;
  const bucket = Math.floor(Math.log2(latencyMs / LEAST_MS) * BUCKETS_PER_DOUBLING);
  return Math.min(bucket, BUCKETS - 1);
}
