/** Finds workers whose event loop has stopped turning. Pure; called by the supervisor's timer. */

/** How often the supervisor looks after its workers. */
export const ROUND_MS = 250;

export interface Beating {
  silentMs: number;
}

/**
 * Counts another round of silence for each of `ready`, and returns those that have been silent for
 * `stuckAfterMs`; hearing from one sets its count to 0. A round counts as at most twice its length,
 * however late it comes: when the whole machine stood still, the workers could not speak either.
 * With a `stuckAfterMs` of 0 nobody is ever stuck, as under a debugger.
 */
export function findStuck<W extends Beating>(
  ready: readonly W[],
  sinceLastRoundMs: number,
  stuckAfterMs: number,
): W[] {
  const countedMs = Math.min(sinceLastRoundMs, 2 * ROUND_MS);
  for (const worker of ready) worker.silentMs += countedMs;
  return stuckAfterMs === 0 ? [] : ready.filter(({ silentMs }) => silentMs >= stuckAfterMs);
}
