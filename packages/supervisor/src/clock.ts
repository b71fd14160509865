/** Time, as the supervisor and the workers' link see it; tests hand in one they move by hand. */
export interface Clock {
  /** In milliseconds; never goes back. */
  now(): number;
  /** Calls `act` once, after `delayMs`; what it returns calls that off. */
  after(delayMs: number, act: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, act) {
    const timer = setTimeout(act, delayMs);
    return () => clearTimeout(timer);
  },
};
