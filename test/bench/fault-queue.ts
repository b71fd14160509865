/** The workers of an origin: first come, first served, in computed time. */
import type { Random } from '@headgate/load';
import { doneMs, type Fault, slowdownAt } from './fault-timeline.ts';

/** Exponential service times, each part drawn as often as its share says; shares add up to 1. */
export type ServiceTimes = readonly { readonly share: number; readonly meanMs: number }[];

export interface WorkerQueueOptions {
  readonly workers: number;
  readonly service: ServiceTimes;
  readonly faults: readonly Fault[];
  /** The nth request admitted takes the nth draw, whoever sent it. */
  readonly random: Random;
}

export interface WorkerQueue {
  /**
   * Takes a request in and says when it will be done. Work is never given up: an origin notices
   * that nobody waits any more when it writes. Times must not go back.
   */
  admit(nowMs: number): number;
}

/**
 * Since nobody leaves the queue, the end of a request is known when it arrives. So the timers that
 * send answers may be late, and the queue is not: their errors do not add up.
 */
export function createWorkerQueue(options: WorkerQueueOptions): WorkerQueue {
  const { workers, service, faults, random } = options;
  const freeMs = new Float64Array(workers);
  return {
    admit(nowMs) {
      const worker = freeMs.indexOf(Math.min(...freeMs));
      const idleMs = Math.max(nowMs, freeMs[worker] as number);
      // A worker that is free within a pause begins when the pause is over.
      const startMs = doneMs(faults, idleMs, 0);
      const workMs = drawServiceMs(service, random) * slowdownAt(faults, startMs);
      const endMs = doneMs(faults, startMs, workMs);
      freeMs[worker] = endMs;
      return endMs;
    },
  };
}

/** Two draws each, so that sequences stay in step whatever part is drawn. */
export function drawServiceMs(service: ServiceTimes, random: Random): number {
  let rest = random();
  const unit = -Math.log1p(-random());
  for (const { share, meanMs } of service) {
    if (rest < share) return unit * meanMs;
    rest -= share;
  }
  return unit * (service.at(-1)?.meanMs ?? 0);
}
