/** A clock that tests move by hand. */
import type { Clock } from './clock.ts';

export interface HandClock extends Clock {
  /** How many timers are set. */
  readonly timers: number;
  /** Lets time pass, and does what is due meanwhile, with all that follows from it. */
  pass(ms: number): Promise<void>;
  /** Lets time pass in which the process does nothing at all. */
  stall(ms: number): void;
}

export function createHandClock(): HandClock {
  let nowMs = 1_000;
  const timers = new Map<() => void, number>();
  const next = (untilMs: number) => {
    const [first] = [...timers].sort(([, a], [, b]) => a - b);
    return first && first[1] <= untilMs ? first : undefined;
  };
  return {
    now: () => nowMs,
    after(delayMs, act) {
      const run = () => act();
      timers.set(run, nowMs + delayMs);
      return () => timers.delete(run);
    },
    get timers() {
      return timers.size;
    },
    async pass(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let due = next(untilMs); due; due = next(untilMs)) {
        nowMs = Math.max(nowMs, due[1]);
        timers.delete(due[0]);
        due[0]();
        await settle();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    stall(ms) {
      nowMs += ms;
    },
  };
}

/** Lets everything happen that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
