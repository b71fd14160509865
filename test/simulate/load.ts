/** When requests come and how much work they are. */
import { createStream } from './seeded-random.ts';
import { drawMs, exponential, type ServiceTime } from './service-time.ts';

/** So many requests per second, at random moments, until `untilMs`. */
export interface Phase {
  readonly untilMs: number;
  readonly ratePerSecond: number;
}

/** What one attempt will find: drawn by request and attempt, whoever asks. */
export interface Draw {
  readonly workMs: number;
  readonly chance: number;
}

/** Arrivals in milliseconds, in order: Poisson, at the rate of each phase. */
export function arrivalsOf(phases: readonly Phase[], seed: number): Float64Array {
  const random = createStream(seed, 'arrivals');
  const times: number[] = [];
  let nowMs = 0;
  for (const { untilMs, ratePerSecond } of phases) {
    const meanGapMs = 1_000 / ratePerSecond;
    // An exponential gap has no memory: at a change of rate it may as well begin anew.
    for (let next = nowMs + meanGapMs * exponential(random); next < untilMs; ) {
      times.push(next);
      next += meanGapMs * exponential(random);
    }
    nowMs = untilMs;
  }
  return Float64Array.from(times);
}

/** So many draws are kept for each request, whoever needs how many. */
export const DRAWS_PER_REQUEST = 128;

/** The draw with that index. */
export function drawOf(time: ServiceTime, seed: number, index: number): Draw {
  const random = createStream(seed, 'work', index);
  return { workMs: drawMs(time, random), chance: random() };
}
