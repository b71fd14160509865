/** A clock that tests move by hand, with a timer wheel that runs on it. */
import type { TestContext } from 'node:test';
import { TimerWheel } from './timer-wheel.ts';

/** What the clock moves by. */
const STEP_MS = 10;

/** A deadline is met within this after it is due: three ticks of the wheel, and a step. */
export const LATE_MS = 3 * 50 + STEP_MS;

export interface Clock {
  readonly timers: TimerWheel;
  /** In milliseconds. */
  readonly now: () => number;
  /** Lets time pass, and has done what is due meanwhile. */
  pass(ms: number): void;
  /** Lets time pass in which the process does nothing at all. */
  stall(ms: number): void;
}

/** For one test, in which `setInterval` goes by this clock as well. */
export function createClock(t: TestContext): Clock {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let nowMs = 1_000;
  const now = () => nowMs;
  return {
    timers: new TimerWheel(now),
    now,
    pass(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        const step = Math.min(left, STEP_MS);
        nowMs += step;
        t.mock.timers.tick(step);
      }
    },
    stall(ms) {
      nowMs += ms;
    },
  };
}
