/**
 * How long one upstream takes to begin its answers, robustly: an exponentially weighted mean of
 * the logarithm, so that one answer of a minute does not outweigh a thousand of a millisecond.
 */

/** Answers older than this weigh 1/e. */
const TAU_MS = 2_000;

/** Fewer answers than this say too little to compare anybody by. */
const MIN_ANSWERS = 5;

/** Weight of one answer in what is heard of an upstream. */
const MOST_GAIN = 1 / 16;

/** About so many answers make the mean; while it is avoided, those that are not too old. */
const MOST_WEIGHT = 32;

/** An answer that shows recovery leaves what is older this part of its weight. */
const DOUBTED = 3 / 4;

/** A silence counts from this many usual gaps between answers on, */
const GAPS_OF_SILENCE = 8;
/** and from so many times the usual number of requests sent between answers. */
const REQUESTS_OF_SILENCE = 2;

/** Shorter than the clock can tell. */
const SHORTEST_MS = 0.01;

/** Latency of one upstream, to the first byte of the answer. */
export class LatencyEstimate {
  /** Mean of ln(milliseconds). */
  lnMs = 0;
  answers = 0;
  /** Answers that make up the mean. */
  #weight = 0;
  #observedMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;
  #timesHeard = 0;
  /** Mean silence before an answer. */
  #gapMs = 0;
  /** Requests sent since the latest answer, and how many it usually is. */
  #asked = 0;
  #usuallyAsked = 0;

  /** Takes that a request is sent. */
  ask(): void {
    this.#asked++;
  }

  /** Takes that it answered, well or not, after somebody had been waiting since then. */
  hear(waitingSinceMs: number, nowMs: number): void {
    this.#timesHeard++;
    const gain = Math.max(MOST_GAIN, 1 / this.#timesHeard);
    this.#gapMs += gain * (this.silenceMs(waitingSinceMs, nowMs) - this.#gapMs);
    this.#usuallyAsked += gain * (this.#asked - this.#usuallyAsked);
    this.#asked = 0;
    this.#heardMs = nowMs;
  }

  /**
   * Takes the latency of one answer. While it is avoided, and only then, few answers that are far
   * between outweigh all before: when they are rare anyway, that would be noise.
   */
  observe(latencyMs: number, isAvoided: boolean, nowMs: number): void {
    const ln = Math.log(Math.max(latencyMs, SHORTEST_MS));
    // Each answer counts as one, however long it took to come: with one in flight at a time the gaps
    // between answers are the latencies, and weighing by them would make it look slower than it is.
    const fade = isAvoided ? Math.exp((this.#observedMs - nowMs) / TAU_MS) : 1;
    this.#observedMs = nowMs;
    this.answers++;
    this.#weight = 1 + Math.min(MOST_WEIGHT, this.#weight * fade);
    this.lnMs += (ln - this.lnMs) / this.#weight;
  }

  /** What has been observed may be over: what comes now is to outweigh it soon. */
  doubt(): void {
    this.#weight *= DOUBTED;
  }

  /** Takes that an answer would have taken longer than this, nobody knows how much. */
  observeAtLeast(latencyMs: number, isAvoided: boolean, nowMs: number): void {
    if (Math.log(Math.max(latencyMs, SHORTEST_MS)) > this.lnMs) {
      this.observe(latencyMs, isAvoided, nowMs);
    }
  }

  /** For how long somebody has been waiting without any answer; only while somebody waits. */
  silenceMs(waitingSinceMs: number, nowMs: number): number {
    return nowMs - Math.max(this.#heardMs, waitingSinceMs);
  }

  /** True when there is enough to compare it with others. */
  get isKnown(): boolean {
    return this.answers >= MIN_ANSWERS;
  }

  /**
   * Mean of ln(milliseconds) as it looks now. An upstream that has been silent for many times its
   * usual gap is as slow as its silence is long: a stall is seen before it ends. Long polls, which
   * wait while others are answered, are no silence: of the requests sent some would be answered.
   */
  lnNowMs(waitingSinceMs: number, nowMs: number): number {
    if (this.#asked <= REQUESTS_OF_SILENCE * this.#usuallyAsked) return this.lnMs;
    const silenceMs = this.silenceMs(waitingSinceMs, nowMs);
    if (silenceMs < GAPS_OF_SILENCE * this.#gapMs + 2 * Math.exp(this.lnMs)) return this.lnMs;
    return Math.max(this.lnMs, Math.log(Math.max(silenceMs, SHORTEST_MS)));
  }
}
