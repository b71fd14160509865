/**
 * Latencies in whole microseconds, counted in buckets no wider than a thousandth of their value:
 * the layout of HdrHistogram (G. Tene) with three significant digits. Histograms with the same
 * layout are merged exactly, bucket by bucket, in any order.
 */

/** Values below twice this have a bucket of their own; above, each doubling has this many. */
const HALF = 1_024;
const HALF_BITS = 10;
/** 71 minutes; anything longer counts as this. */
const MAX_US = 0xffff_ffff;
const INITIAL_BUCKETS = bucketOf(1_000_000) + 1;

/** Bucket, count, bucket, count, … in ascending order; only buckets that hold something. */
export type Counts = Float64Array;

export class Histogram {
  #counts = new Float64Array(INITIAL_BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Adds a value; fractions are dropped, negative values count as 0. */
  record(valueUs: number, count = 1): void {
    const bucket = bucketOf(valueUs);
    if (bucket >= this.#counts.length) this.#grow(bucket);
    this.#counts[bucket] = (this.#counts[bucket] as number) + count;
    this.#total += count;
  }

  add(counts: Counts): void {
    for (let i = 0; i + 1 < counts.length; i += 2) {
      const bucket = counts[i] as number;
      const count = counts[i + 1] as number;
      if (bucket >= this.#counts.length) this.#grow(bucket);
      this.#counts[bucket] = (this.#counts[bucket] as number) + count;
      this.#total += count;
    }
  }

  /** What was recorded, to send or keep. */
  counts(): Counts {
    const counts: number[] = [];
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      const count = this.#counts[bucket] as number;
      if (count > 0) counts.push(bucket, count);
    }
    return Float64Array.from(counts);
  }

  /** As `counts`, and starts anew. */
  take(): Counts {
    const counts = this.counts();
    this.#counts.fill(0);
    this.#total = 0;
    return counts;
  }

  /**
   * The value that this share (0 to 1) of all values does not exceed, as the middle of its bucket;
   * NaN when empty.
   */
  quantileUs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total - 1e-9));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) return middleUs(bucket);
    }
    return Number.NaN;
  }

  /** NaN when empty. */
  get meanUs(): number {
    let sum = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      sum += (this.#counts[bucket] as number) * middleUs(bucket);
    }
    return sum / this.#total;
  }

  #grow(bucket: number): void {
    const counts = new Float64Array(Math.max(bucket + 1, this.#counts.length + 4 * HALF));
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

function bucketOf(valueUs: number): number {
  const value = Math.min(Math.max(valueUs, 0), MAX_US) >>> 0;
  if (value < 2 * HALF) return value;
  const shift = 31 - HALF_BITS - Math.clz32(value);
  return shift * HALF + (value >>> shift);
}

/** The lowest value of a bucket. */
export function lowestUs(bucket: number): number {
  if (bucket < 2 * HALF) return bucket;
  const shift = Math.floor(bucket / HALF) - 1;
  return (bucket - shift * HALF) * 2 ** shift;
}

/** The middle of the values of a bucket. */
export function middleUs(bucket: number): number {
  return (lowestUs(bucket) + lowestUs(bucket + 1) - 1) / 2;
}

/** Counts as text, for JSON: the step from the last bucket and the count, both in base 36. */
export function writeCounts(counts: Counts): string {
  const pairs: string[] = [];
  let last = 0;
  for (let i = 0; i + 1 < counts.length; i += 2) {
    const bucket = counts[i] as number;
    pairs.push(`${(bucket - last).toString(36)}.${(counts[i + 1] as number).toString(36)}`);
    last = bucket;
  }
  return pairs.join(' ');
}

/** The counts `writeCounts` wrote; throws a TypeError for anything else. */
export function readCounts(text: string): Counts {
  const counts: number[] = [];
  let bucket = 0;
  for (const pair of text === '' ? [] : text.split(' ')) {
    const [, step, count] = /^([0-9a-z]{1,4})\.([0-9a-z]{1,10})$/.exec(pair) ?? [];
    if (step === undefined || count === undefined) {
      throw new TypeError(`not a histogram: "${pair}" is no pair of step and count`);
    }
    if (counts.length > 0 && Number.parseInt(step, 36) === 0) {
      throw new TypeError(`not a histogram: bucket ${bucket} twice`);
    }
    bucket += Number.parseInt(step, 36);
    if (bucket > bucketOf(MAX_US)) throw new TypeError(`not a histogram: bucket ${bucket}`);
    if (Number.parseInt(count, 36) === 0) {
      throw new TypeError(`not a histogram: bucket ${bucket} is empty`);
    }
    counts.push(bucket, Number.parseInt(count, 36));
  }
  return Float64Array.from(counts);
}
