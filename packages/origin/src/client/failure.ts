// Owns the words for how a partner call can fail, and the mapping from undici's errors to them.
import { errors } from 'undici';
import type { ProblemSide } from '../problem.ts';

/**
 * How a call failed. `unreachable`: no connection, or it broke. `timeout`: no answer in time.
 * `status`: an answer other than 2xx. `aborted`: the caller left. `overload`: our own queue for
 * this partner is full. `invalid`: an answer that is not what was agreed, or a call that may not
 * be made.
 */
export type FailureKind = 'unreachable' | 'timeout' | 'status' | 'aborted' | 'overload' | 'invalid';

/** A partner call that did not give a usable answer. */
export interface Failure {
  readonly kind: FailureKind;
  readonly side: ProblemSide;
  /** Whether the same call may succeed when it is made again. */
  readonly retryable: boolean;
  /** The partner's status, with kind `status`. */
  readonly status?: number;
  /** What went wrong, naming the partner and the path. */
  readonly message: string;
}

/** A failure as something to throw, where an API wants a rejection. */
export class PartnerError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'PartnerError';
    this.failure = failure;
  }
}

const sides: Record<FailureKind, ProblemSide> = {
  unreachable: 'partner',
  timeout: 'partner',
  status: 'partner',
  aborted: 'client',
  overload: 'origin',
  invalid: 'partner',
};

const retryableKinds: ReadonlySet<FailureKind> = new Set(['unreachable', 'timeout', 'overload']);

/** A failure of `kind`, with the side and retryability that follow from it. */
export function failureOf(kind: FailureKind, message: string): Failure {
  return { kind, side: sides[kind], retryable: retryableKinds.has(kind), message };
}

// Statuses that say "not now" rather than "no" (RFC 9110 §15.5–15.6, RFC 6585 §4).
const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The failure for an answer whose status is not 2xx. */
export function statusFailure(status: number, message: string): Failure {
  return {
    kind: 'status',
    side: 'partner',
    retryable: retryableStatuses.has(status),
    status,
    message,
  };
}

/** The failure for an aborted signal: a deadline is a `timeout`, a caller who left `aborted`. */
export function abortFailure({ reason }: { readonly reason: unknown }, what: string): Failure {
  return isTimeout(reason)
    ? failureOf('timeout', `${what}: no answer in time`)
    : failureOf('aborted', `${what}: given up by the caller`);
}

/** The failure for anything undici throws before or while the answer arrives. */
export function errorFailure(error: unknown, what: string): Failure {
  if (
    error instanceof errors.ResponseExceededMaxSizeError ||
    error instanceof errors.HTTPParserError ||
    error instanceof errors.HeadersOverflowError
  ) {
    return failureOf('invalid', `${what}: ${error.message}`);
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
  return failureOf('unreachable', `${what}: connection failed (${code})`);
}

// DOMException of AbortSignal.timeout, or an HttpProblem of kind timeout.
function isTimeout(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false;
  return reason.name === 'TimeoutError' || ('kind' in reason && reason.kind === 'timeout');
}
