// Owns which failed attempts are made again, and how long to wait before that.
import { type Lease, mayRetry, type Upstream } from '@headgate/balancer';
import type { Dispatch } from './dispatch.ts';

/** Statuses of a partner that cannot answer now, though the request was in order. */
const passingStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A partner that wants to be left alone for longer is, in milliseconds. */
const longestWaitMs = 1_000;

/** Pauses before asking the same upstream again are drawn from here, in milliseconds. */
const shortestPauseMs = 5;
const longestPauseMs = 30;

/** Milliseconds of a Retry-After in seconds; undefined for a date and for none (RFC 9110 §10.2.3). */
export function parseRetryAfterMs(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : undefined;
}

/** May an answer with this status be better the next time, soon? */
export function isPassing(status: number, retryAfterMs: number | undefined): boolean {
  if (!passingStatuses.has(status)) return false;
  // A rate limit without a time is over who knows when.
  if (status === 429) return retryAfterMs !== undefined && retryAfterMs <= longestWaitMs;
  return retryAfterMs === undefined || retryAfterMs <= longestWaitMs;
}

/** How long to wait before the same upstream is asked again; `random` is from [0, 1). */
function pauseMs(random: number, retryAfterMs = 0): number {
  return retryAfterMs + shortestPauseMs + random * (longestPauseMs - shortestPauseMs);
}

/** A server error, but for those that say what the partner never does (RFC 9110 §15.6). */
export function isServerError(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 505;
}

/** What a failed attempt says about another one. */
export interface Verdict {
  /** An attempt that is under way may do better. */
  readonly isUnsure: boolean;
  /** So may one made now. */
  readonly mayPass: boolean;
  readonly wasAnythingSent: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** A call one of whose attempts has failed. */
export interface Unfinished {
  readonly order: { readonly method: string; readonly isIdempotent: boolean };
  /** Attempts so far. */
  readonly attempts: number;
  /** Upstreams that have failed it, the latest included. */
  readonly tried: readonly Upstream[];
  readonly leftMs: number;
}

/**
 * How long to wait before another attempt, in milliseconds; 0 when another upstream can take it.
 * Undefined when it must not be made: not safe, not in time, or not paid for. Takes it from the
 * budget.
 */
export function repeatInMs(
  { order, attempts, tried, leftMs }: Unfinished,
  lease: Lease,
  { mayPass, wasAnythingSent, retryAfterMs }: Verdict,
  { retryBudget, service, maxAttempts, random, isClosed }: Dispatch,
): number | undefined {
  if (!retryBudget || !mayPass || isClosed) return undefined;
  const hasOther = service.upstreams.some((one) => !tried.includes(one));
  // A refused connection costs nothing, and a trial was for our sake: it is owed another attempt.
  const isOwed = lease.isTrial || (!wasAnythingSent && hasOther);
  const isSafe = mayRetry({
    ...order,
    attempts,
    maxAttempts: isOwed ? attempts + 1 : maxAttempts,
    wasAnythingSent,
    hasResponseStarted: false,
    canReplayBody: true,
  });
  if (!isSafe) return undefined;
  const waitMs = hasOther ? 0 : pauseMs(random(), retryAfterMs);
  if (waitMs + service.quickestMs >= leftMs) return undefined;
  return isOwed || retryBudget.withdraw() ? waitMs : undefined;
}
