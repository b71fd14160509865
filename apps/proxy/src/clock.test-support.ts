/** A clock that tests move by hand, with a timer wheel that runs on it. */
import type { TestContext } from 'node:test';
import { TimerWheel } from './timer-wheel.ts';

/** A deadline is met within this after it is due: three ticks of the wheel. */
export const LATE_MS = 150;

export interface Clock {
  readonly timers: TimerWheel;
  /** In milliseconds. */
  readonly now: () => number;
  /** The timer of the wheel is running. */
  readonly isTicking: boolean;
  /** Lets time pass, and has done what is due meanwhile. */
  pass(ms: number): void;
  /** Lets time pass in which the process does nothing at all. */
  stall(ms: number): void;
}

interface Interval {
  readonly act: () => void;
  readonly periodMs: number;
  nextMs: number;
  unref(): Interval;
}

/** For one test, in which `setInterval` goes by this clock as well. */
export function createClock(t: TestContext): Clock {
  let nowMs = 1_000;
  const now = () => nowMs;
  const intervals = new Set<Interval>();
  const setFake = (act: () => void, periodMs: number): Interval => {
    const interval = { act, periodMs, nextMs: nowMs + periodMs, unref: () => interval };
    intervals.add(interval);
    return interval;
  };
  const clearFake = (interval: Interval) => intervals.delete(interval);
  t.mock.method(globalThis, 'setInterval', setFake as unknown as typeof setInterval);
  t.mock.method(globalThis, 'clearInterval', clearFake as unknown as typeof clearInterval);
  const nextUntil = (untilMs: number): Interval | undefined => {
    const [next] = [...intervals].sort((a, b) => a.nextMs - b.nextMs);
    return next && next.nextMs <= untilMs ? next : undefined;
  };
  return {
    timers: new TimerWheel(now),
    now,
    get isTicking() {
      return intervals.size > 0;
    },
    pass(ms) {
      const untilMs = nowMs + ms;
      for (let next = nextUntil(untilMs); next; next = nextUntil(untilMs)) {
        nowMs = Math.max(nowMs, next.nextMs);
        next.nextMs = nowMs + next.periodMs;
        next.act();
      }
      nowMs = untilMs;
    },
    stall(ms) {
      nowMs += ms;
    },
  };
}
