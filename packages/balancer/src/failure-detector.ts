/**
 * Is an upstream failing, or is everybody? Two detectors on the outcomes of real requests, both
 * held against how the rest of the service fares: a run of failures for the one that is dead, and
 * a cumulative sum for the one that fails now and then.
 */

/** A service fails this often without anybody being to blame. */
const LEAST_ERROR_RATE = 0.005;

/** Chance of a run being nobody's fault, below which it is this upstream's. */
const RUN_CHANCE = 1e-8;
const SHORTEST_RUN = 3;

/** Others fail this often, and it is no reason to prefer them. */
const COMMON_ERROR_RATE = 0.5;

/** Others fail this often, and no run of failures says anything about one of them. */
const HOPELESS_ERROR_RATE = 0.9;

/** Fewer outcomes of others than this during a run do not show how they fare. */
const LEAST_OTHERS = 2;

/** Beyond this sum the upstream is failing. Page, "Continuous inspection schemes", 1954. */
const CUSUM_LIMIT = Math.log(1e7);

/** Weight of one outcome in the share of failures. */
const SHARE_GAIN = 1 / 32;

/** Outcomes that have been added up lately, and how many of them were failures. */
export interface Outcomes {
  count: number;
  failures: number;
}

/** Outcomes of a service or of one upstream: all, and over two horizons that fade with time. */
export class OutcomeTally {
  readonly all: Outcomes = { count: 0, failures: 0 };
  readonly long: Outcomes = { count: 0, failures: 0 };
  readonly short: Outcomes = { count: 0, failures: 0 };

  add(isGood: boolean): void {
    this.all.count++;
    this.long.count++;
    this.short.count++;
    if (isGood) return;
    this.all.failures++;
    this.long.failures++;
    this.short.failures++;
  }

  /** Lets what was added fade; the same factors for everybody who is compared. */
  fade(longFactor: number, shortFactor: number): void {
    this.long.count *= longFactor;
    this.long.failures *= longFactor;
    this.short.count *= shortFactor;
    this.short.failures *= shortFactor;
  }
}

/** Horizons of the tallies in milliseconds: what is usual, and what is going on just now. */
export const LONG_HORIZON_MS = 10_000;
export const SHORT_HORIZON_MS = 200;

/** Why an upstream is taken for failing. */
export interface Suspicion {
  readonly reason: string;
}

/** Watches the outcomes of one upstream. */
export class FailureDetector {
  /** Failures since the latest success. */
  run = 0;
  /** The same, each counted for as much as it is unusual: in full while the others do well. */
  ownRun = 0;
  /** How many of the latest thirty or so outcomes were failures, from 0 to 1. */
  failureShare = 0;
  readonly tally = new OutcomeTally();
  #sum = 0;
  /** What the others' outcomes added up to when the run began, and the sum. */
  #othersAtRun: Outcomes = { count: 0, failures: 0 };
  #othersAtSum: Outcomes = { count: 0, failures: 0 };

  /** Takes one outcome, already in `service`; says so when it makes the upstream a suspect. */
  observe(isGood: boolean, service: OutcomeTally): Suspicion | undefined {
    this.tally.add(isGood);
    this.failureShare += SHARE_GAIN * ((isGood ? 0 : 1) - this.failureShare);
    if (isGood) {
      this.run = 0;
      this.ownRun = 0;
      if (this.#sum > 0) this.#addGood(usualErrorRate(this.tally, service));
      return undefined;
    }
    const others = minus(service.all, this.tally.all);
    if (this.run === 0) this.#othersAtRun = others;
    if (this.#sum === 0) this.#othersAtSum = others;
    this.run++;
    const usual = usualErrorRate(this.tally, service);
    // When everybody starts to fail at once, only the time since then shows it soon.
    const inRun = minus(others, this.#othersAtRun);
    const inSum = minus(others, this.#othersAtSum);
    const usualInRun = Math.max(usual, rateOf(inRun));
    this.ownRun = ownPart(this.run, usualInRun);
    const limit = inRun.count < LEAST_OTHERS ? 3 * runLimit(usualInRun) : runLimit(usualInRun);
    const isRun = usualInRun < HOPELESS_ERROR_RATE && this.run >= limit;
    this.#addFailure(usual);
    if (!isRun && this.#sum <= CUSUM_LIMIT) return undefined;
    const { run, failureShare } = this;
    this.#sum = 0;
    // Others fail much the same: what fails is something they share.
    const usualInSum = Math.max(usual, rateOf(inSum));
    if (!isRun && (inSum.count < LEAST_OTHERS || failureShare < 3 * usualInSum)) return undefined;
    return {
      reason: isRun
        ? `${run} failures in a row while ${percent(usualInRun)} of the others' requests fail`
        : `about ${percent(failureShare)} of its requests fail, of the others' ${percent(usualInSum)}`,
    };
  }

  /** Sees its run in the light of how the others fare by now. */
  review(service: OutcomeTally): void {
    if (this.run === 0) return;
    const inRun = minus(minus(service.all, this.tally.all), this.#othersAtRun);
    const usual = Math.max(usualErrorRate(this.tally, service), rateOf(inRun));
    this.ownRun = ownPart(this.run, usual);
  }

  /** Forgets what was held against it; for when it gets another chance. */
  forgive(): void {
    this.run = 0;
    this.ownRun = 0;
    this.failureShare = 0;
    this.#sum = 0;
  }

  /** How much less it should get for failing more than others do, from nearly 0 to 1. */
  grade(service: OutcomeTally): number {
    if (this.failureShare < 0.05 || this.failureShare < 3 * usualErrorRate(this.tally, service)) {
      return 1;
    }
    return Math.max(0.05, (1 - this.failureShare) ** 4);
  }

  #addGood(usual: number): void {
    const failing = failingErrorRate(usual);
    this.#sum = Math.max(0, this.#sum + Math.log((1 - failing) / (1 - usual)));
  }

  #addFailure(usual: number): void {
    this.#sum += Math.log(failingErrorRate(usual) / usual);
  }
}

/** The share of failures among the others' outcomes: the worse of lately and just now. */
function usualErrorRate(own: OutcomeTally, service: OutcomeTally): number {
  const rate = Math.max(
    LEAST_ERROR_RATE,
    othersRate(own.long, service.long),
    othersRate(own.short, service.short),
  );
  return Math.min(rate, 0.99);
}

function othersRate(own: Outcomes, service: Outcomes): number {
  return rateOf(minus(service, own));
}

function rateOf({ count, failures }: Outcomes): number {
  // Two imagined successes: one failure of one outcome is not a rate of everything.
  return failures <= 0 ? 0 : failures / (count + 2);
}

function minus(all: Outcomes, some: Outcomes): Outcomes {
  return { count: all.count - some.count, failures: all.failures - some.failures };
}

/** The rate that counts as failing: clearly beyond the usual one. */
function failingErrorRate(usual: number): number {
  return Math.min(Math.max(5 * usual, 0.2), (1 + usual) / 2 + 0.004);
}

/** What of a run of failures is out of the ordinary. */
function ownPart(run: number, usual: number): number {
  return usual >= COMMON_ERROR_RATE ? 0 : (run * Math.log(usual)) / Math.log(LEAST_ERROR_RATE);
}

function runLimit(usual: number): number {
  return Math.max(SHORTEST_RUN, Math.ceil(Math.log(RUN_CHANCE) / Math.log(usual)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
