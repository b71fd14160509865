/**
 * The bound of every balancer: all workers behind one central queue, which never lets one be idle
 * while a request waits. Poisson arrivals, exponential service: M/M/k.
 */

export interface CentralQueue {
  readonly workers: number;
  readonly ratePerS: number;
  readonly meanMs: number;
  /** How much of the whole it stands for, beside others; 1 by default. */
  readonly weight?: number;
}

/** The time within which this share (0 to 1) of the requests of all these phases is answered. */
export function quantileMs(phases: readonly CentralQueue[], share: number): number {
  const total = phases.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const beyond = (ms: number) =>
    phases.reduce((sum, phase) => sum + ((phase.weight ?? 1) / total) * tail(phase, ms), 0);
  let lowMs = 0;
  let highMs = 1;
  while (beyond(highMs) > 1 - share) highMs *= 2;
  while (highMs - lowMs > 1e-6 * highMs) {
    const middleMs = (lowMs + highMs) / 2;
    if (beyond(middleMs) > 1 - share) lowMs = middleMs;
    else highMs = middleMs;
  }
  return highMs;
}

/** The probability that an arrival finds all workers busy (A. K. Erlang); load below `workers`. */
export function erlangC(workers: number, load: number): number {
  // Erlang B, by its recursion, which neither over- nor underflows.
  let blocked = 1;
  for (let k = 1; k <= workers; k++) blocked = (load * blocked) / (k + load * blocked);
  return blocked / (1 - (load / workers) * (1 - blocked));
}

/** The probability that waiting and service together take longer. */
function tail({ workers, ratePerS, meanMs }: CentralQueue, ms: number): number {
  const mu = 1 / meanMs;
  const lambda = ratePerS / 1_000;
  const drain = workers * mu - lambda;
  if (drain <= 0) throw new RangeError(`${ratePerS}/s are too many for ${workers} workers`);
  const waits = erlangC(workers, lambda / mu);
  const served = Math.exp(-mu * ms);
  const queued = (drain * served - mu * Math.exp(-drain * ms)) / (drain - mu);
  return (1 - waits) * served + waits * queued;
}
