/** Which worker is due for replacement by a fresh one. Pure; chance comes from outside. */
import type { WorkerFacts } from './messages.ts';

/** What a worker may come to before it is replaced; what is left out is not limited. */
export interface RecycleLimits {
  readonly requests?: number | undefined;
  readonly ageMs?: number | undefined;
  /** Resident memory. */
  readonly memoryBytes?: number | undefined;
}

export interface Recyclable {
  readonly ageMs: number;
  readonly facts: WorkerFacts;
  readonly memoryBytes: number | undefined;
  readonly jitter: number;
  readonly wantsToLeave: boolean;
}

export interface Due<W> {
  readonly worker: W;
  /** For people, after "worker 3 is replaced: it". */
  readonly why: string;
}

const JITTER = 0.1;
const MEBIBYTE = 2 ** 20;

/**
 * What one worker's limits of requests and age are multiplied by: from 0.9 to 1.1, so that workers
 * that were started together and serve alike are not due together.
 */
export function drawJitter(random: () => number): number {
  return 1 - JITTER + 2 * JITTER * random();
}

/** The one of `ready` to be replaced next, if any; one that was told to leave comes first. */
export function findDue<W extends Recyclable>(
  ready: readonly W[],
  limits: RecycleLimits,
): Due<W> | undefined {
  const leaving = ready.find(({ wantsToLeave }) => wantsToLeave);
  if (leaving) return { worker: leaving, why: 'was sent SIGTERM' };
  for (const worker of ready) {
    const why = whyDue(worker, limits);
    if (why !== undefined) return { worker, why };
  }
  return undefined;
}

function whyDue(worker: Recyclable, limits: RecycleLimits): string | undefined {
  const { facts, ageMs, memoryBytes, jitter } = worker;
  const maxRequests = Math.round((limits.requests ?? Number.POSITIVE_INFINITY) * jitter);
  if (facts.requests >= maxRequests) {
    return `served ${count(facts.requests)} of ${count(maxRequests)} requests`;
  }
  const maxAgeMs = (limits.ageMs ?? Number.POSITIVE_INFINITY) * jitter;
  if (ageMs >= maxAgeMs) {
    return `has run for ${seconds(ageMs)} of ${seconds(maxAgeMs)} s`;
  }
  const { memoryBytes: maxBytes } = limits;
  if (maxBytes !== undefined && memoryBytes !== undefined && memoryBytes > maxBytes) {
    return `has ${mebibytes(memoryBytes)} of ${mebibytes(maxBytes)} MiB of memory`;
  }
  return undefined;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function seconds(ms: number): string {
  return count(Math.round(ms / 1_000));
}

function mebibytes(bytes: number): string {
  return count(Math.round(bytes / MEBIBYTE));
}
