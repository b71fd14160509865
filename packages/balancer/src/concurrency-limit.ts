/**
 * How many requests one upstream may keep waiting, found from its answers. There is no limit until
 * there is evidence of a queue inside the upstream: every answer late, the quick ones too, and
 * more in flight than what Little's law explains. The limit then is what Little's law gives for
 * its best throughput and its latency without a queue, twice, so that it never runs dry.
 */

/** Answers are judged by windows of at least this long, in milliseconds, and this many answers. */
const WINDOW_MS = 50;
const WINDOW_ANSWERS = 10;
const LONGEST_WINDOW_MS = 1_000;

/** Fewer late answers than this are chance. */
const LEAST_LATE = 3;

/** Less waiting than this, in milliseconds, is no reason to hold anybody up. */
const TOLERABLE_QUEUE_MS = 50;

/** A limit that was not reached for this long is lifted, in milliseconds. */
const UNUSED_MS = 500;

/** Best throughput and usual in-flight count fade over this, in milliseconds, */
const MEMORY_MS = 10_000;
/** usual throughput over this. */
const RATE_MEMORY_MS = 2_000;

/** Whether holding back costs throughput is judged by this many answers at first, */
const FIRST_HELD_ANSWERS = 30;
/** then by this many, as is whether a higher limit gains any: mistakes would add up for ever. */
const HELD_ANSWERS = 100;

/** A limit is raised at most so many times at once. */
const MOST_RAISE = 8;

/** A higher limit is tried this often, in milliseconds, even when it seems to cost nothing. */
const PROBE_MS = 10_000;

const LEAST_LIMIT = 4;
const HEADROOM = 3;

/** Weight of one answer in the latency without a queue. */
const BASE_GAIN = 1 / 32;
/** So many are taken as they come: there is nothing to hold them against. */
const FIRST_ANSWERS = 32;
const QUICK_SHARE = 0.2;
const MAX_SAMPLES = 64;

/** Latency without a queue: its mean, and where the quick fifth of answers ends. */
interface Base {
  meanMs: number;
  quickMs: number;
  answers: number;
}

/** While a higher limit is tried: the base without it, and the throughput it is to beat. */
interface Raised {
  readonly meanMs: number;
  readonly quickMs: number;
  readonly ratePerSecond: number;
  /** Tried for no reason but time. */
  readonly isProbe: boolean;
}

/** Finds the limit of one upstream. */
export class ConcurrencyLimit {
  /** Most that may wait at once; Infinity without evidence of a queue. */
  value = Number.POSITIVE_INFINITY;
  /** Answers per second in the latest window. */
  ratePerSecond = 0;
  readonly #base: Base = { meanMs: 0, quickMs: 0, answers: 0 };
  #bestRatePerSecond = 0;
  /** Requests waiting, and throughput, when all was well. */
  #usualWaiting = 0;
  #usualRatePerSecond = 0;
  #reachedMs = Number.NEGATIVE_INFINITY;
  /** Throughput without holding anybody back; 0 once a higher limit was found to be no better. */
  #freeRatePerSecond = 0;
  /** When what was sent under an earlier limit is over. */
  #settledMs = 0;
  /** Since when, at the end of a window, answers are counted; undefined before it has settled. */
  #countedMs: number | undefined;
  #counted = 0;
  /** When a higher limit was last found to be no better. */
  #judgedMs = 0;
  #raised: Raised | undefined;

  #windowMs = Number.NEGATIVE_INFINITY;
  #answers = 0;
  /** Answers, and those given up. */
  #sampled = 0;
  #sumMs = 0;
  readonly #samples = new Float64Array(MAX_SAMPLES);

  /** True while it holds requests back. */
  get isEngaged(): boolean {
    return this.value !== Number.POSITIVE_INFINITY;
  }

  /** Takes an answer: its latency, and how many others waited when it was asked for. */
  answered(latencyMs: number, waitingBefore: number): void {
    this.#sample(latencyMs);
    this.#answers++;
    this.#sumMs += latencyMs;
    // Half: the best throughput is a lucky one, and what waited for others must not be learnt.
    const isUnqueued = waitingBefore <= this.#inService() / 2;
    if (isUnqueued || this.#base.answers < FIRST_ANSWERS) this.#learnBase(latencyMs);
  }

  /** Takes that somebody gave up waiting: the answer would have come later than that. */
  givenUp(heldMs: number): void {
    if (heldMs > this.#base.quickMs + this.#tolerableMs()) this.#sample(heldMs);
  }

  /** Somebody was turned away because the limit was reached. */
  reached(nowMs: number): void {
    this.#reachedMs = nowMs;
  }

  /** Judges the window when it is over; `waiting` requests have no answer yet. */
  roll(waiting: number, nowMs: number): void {
    if (this.#windowMs === Number.NEGATIVE_INFINITY) this.#windowMs = nowMs;
    const lengthMs = nowMs - this.#windowMs;
    if (lengthMs < WINDOW_MS) return;
    if (this.#sampled < WINDOW_ANSWERS && lengthMs < LONGEST_WINDOW_MS) return;
    const rate = (this.#answers * 1_000) / lengthMs;
    this.ratePerSecond = rate;
    const faded = this.#bestRatePerSecond * Math.exp(-lengthMs / MEMORY_MS);
    this.#bestRatePerSecond = Math.max(rate, faded);
    if (this.isEngaged) this.#review(nowMs);
    else this.#consider(rate, waiting, lengthMs, nowMs);
    this.#windowMs = nowMs;
    this.#answers = 0;
    this.#sampled = 0;
    this.#sumMs = 0;
  }

  #consider(rate: number, waiting: number, lengthMs: number, nowMs: number): void {
    const base = this.#base;
    const queueMs = this.#quickOf() - base.quickMs;
    const isKnown = base.answers >= WINDOW_ANSWERS && this.#sampled >= LEAST_LATE;
    const isQueueing = isKnown && queueMs > this.#tolerableMs();
    if (!isQueueing) {
      const rateGain = 1 - Math.exp(-lengthMs / RATE_MEMORY_MS);
      this.#usualRatePerSecond += rateGain * (rate - this.#usualRatePerSecond);
      this.#usualWaiting += (1 - Math.exp(-lengthMs / MEMORY_MS)) * (waiting - this.#usualWaiting);
    }
    const limit = this.#limit();
    if (!isQueueing || waiting <= limit) return;
    this.value = limit;
    this.#reachedMs = nowMs;
    this.#freeRatePerSecond = this.#usualRatePerSecond;
    this.#raised = undefined;
    this.#judgedMs = nowMs;
    this.#settle(nowMs);
  }

  #tolerableMs(): number {
    return Math.max(TOLERABLE_QUEUE_MS, 1.5 * this.#base.meanMs);
  }

  #sample(latencyMs: number): void {
    this.#samples[this.#sampled % MAX_SAMPLES] = latencyMs;
    this.#sampled++;
  }

  #review(nowMs: number): void {
    if (nowMs - this.#reachedMs > UNUSED_MS) {
      this.value = Number.POSITIVE_INFINITY;
      if (this.#raised?.isProbe) this.#lower(this.#raised);
      return;
    }
    const meanMs = this.#answers > 0 ? this.#sumMs / this.#answers : 0;
    if (this.#countedMs === undefined) {
      if (nowMs >= this.#settledMs) this.#countedMs = nowMs;
    } else {
      this.#counted += this.#answers;
      const isFirst = !this.#raised && this.#freeRatePerSecond > 0;
      if (this.#counted >= (isFirst ? FIRST_HELD_ANSWERS : HELD_ANSWERS)) {
        this.#judgeLimit((this.#counted * 1_000) / (nowMs - this.#countedMs), meanMs, nowMs);
        this.#settle(nowMs + meanMs);
      }
    }
    this.value = this.#limit();
  }

  /**
   * Holding back that costs throughput was wrong: what looked like a queue is how long it takes
   * now. A limit above the queue costs none but gains none either, so a higher one has to show.
   */
  #judgeLimit(rate: number, meanMs: number, nowMs: number): void {
    if (this.#raised) {
      if (rate < 1.5 * this.#raised.ratePerSecond) {
        this.#lower(this.#raised);
        this.#freeRatePerSecond = 0;
        this.#judgedMs = nowMs;
      }
      this.#raised = undefined;
      return;
    }
    const isCostly = rate < 0.7 * this.#freeRatePerSecond;
    if (!isCostly && nowMs - this.#judgedMs < PROBE_MS) return;
    this.#raised = { ...this.#base, ratePerSecond: rate, isProbe: !isCostly };
    // Step by step: what is answered now may have waited for all that came before the limit.
    this.#base.meanMs = Math.min(meanMs, MOST_RAISE * this.#base.meanMs);
    this.#base.quickMs = this.#quickOf();
  }

  #lower({ meanMs, quickMs }: Raised): void {
    this.#base.meanMs = meanMs;
    this.#base.quickMs = quickMs;
  }

  /** Counts anew from then on. */
  #settle(atMs: number): void {
    this.#settledMs = atMs;
    this.#countedMs = undefined;
    this.#counted = 0;
  }

  #limit(): number {
    const explained = Math.max(2 * this.#inService(), 1.5 * this.#usualWaiting);
    return Math.max(LEAST_LIMIT, Math.ceil(explained + HEADROOM));
  }

  /** Little's law: how many are being worked on at the best throughput, none of them queued. */
  #inService(): number {
    return (this.#bestRatePerSecond * this.#base.meanMs) / 1_000;
  }

  #learnBase(latencyMs: number): void {
    const base = this.#base;
    base.answers++;
    const gain = Math.max(BASE_GAIN, 1 / base.answers);
    base.meanMs += gain * (latencyMs - base.meanMs);
    // A stochastic quantile: steps up and down in the proportion that balances at the share.
    if (base.answers === 1) base.quickMs = latencyMs;
    const step = gain * base.meanMs;
    base.quickMs += latencyMs > base.quickMs ? step * QUICK_SHARE : -step * (1 - QUICK_SHARE);
    if (base.quickMs < 0) base.quickMs = 0;
  }

  /** Where the quick fifth of the window's answers ends. */
  #quickOf(): number {
    const count = Math.min(this.#sampled, MAX_SAMPLES);
    const sorted = this.#samples.subarray(0, count).toSorted();
    return sorted[Math.floor(count * QUICK_SHARE)] ?? 0;
  }
}
