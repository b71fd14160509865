// Owns the words for how a partner call can fail.
import type { ProblemSide } from '../problem.ts';
import type { TransportFailure } from './transport.ts';

/**
 * How a call failed. `unreachable`: no connection, or it broke. `timeout`: no answer in time.
 * `status`: an answer other than 2xx. `aborted`: the caller left. `overload`: our own queue for
 * this partner is full, or so long that the turn would come too late. `open`: the partner fails as
 * a whole and is not asked for a while. `too-large`: an answer larger than allowed. `invalid`: an
 * answer that is not what was agreed (side `partner`), or a call that may not be made (`origin`).
 */
export type FailureKind =
  | 'unreachable'
  | 'timeout'
  | 'status'
  | 'aborted'
  | 'overload'
  | 'open'
  | 'too-large'
  | 'invalid';

/** A partner call that did not give a usable answer. */
export interface Failure {
  readonly kind: FailureKind;
  readonly side: ProblemSide;
  /** Whether the same call may succeed when it is made again. */
  readonly retryable: boolean;
  /** The partner's status, with kind `status`. */
  readonly status?: number;
  /** Better not to come back before this, in milliseconds; where the partner or the breaker says. */
  readonly retryAfterMs?: number;
  /** What the partner said with its status, up to 8 KiB. Not for clients. */
  readonly body?: string;
  /** What went wrong, naming the partner and the path. */
  readonly message: string;
}

/** Every kind there is, for tables that must have them all. */
export const failureKinds = [
  'unreachable',
  'timeout',
  'status',
  'aborted',
  'overload',
  'open',
  'too-large',
  'invalid',
] as const satisfies readonly FailureKind[];

const sides: Readonly<Record<FailureKind, ProblemSide>> = {
  unreachable: 'partner',
  timeout: 'partner',
  status: 'partner',
  aborted: 'client',
  overload: 'origin',
  open: 'partner',
  'too-large': 'partner',
  invalid: 'partner',
};

const retryableKinds: ReadonlySet<FailureKind> = new Set([
  'unreachable',
  'timeout',
  'overload',
  'open',
]);

/** A failure of `kind`, with the side and retryability that follow from it. */
export function failureOf(kind: FailureKind, message: string, retryAfterMs?: number): Failure {
  const failure = { kind, side: sides[kind], retryable: retryableKinds.has(kind), message };
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
}

/** A call that may not be made as it was asked for: our own doing. */
export function refusedCall(message: string): Failure {
  return { kind: 'invalid', side: 'origin', retryable: false, message };
}

// Statuses that say "not now" rather than "no" (RFC 9110 §15.5–15.6, RFC 6585 §4).
const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What else is known of an answer whose status is not 2xx. */
export interface RefusalDetails {
  readonly retryAfterMs?: number | undefined;
  readonly body?: string | undefined;
}

/** The failure for an answer whose status is not 2xx. */
export function statusFailure(
  status: number,
  message: string,
  { retryAfterMs, body }: RefusalDetails = {},
): Failure {
  return {
    kind: 'status',
    side: 'partner',
    retryable: retryableStatuses.has(status),
    status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(body !== undefined && { body }),
    message,
  };
}

/** The failure for an aborted signal: a deadline is a `timeout`, a caller who left `aborted`. */
export function abortFailure({ reason }: { readonly reason: unknown }, what: string): Failure {
  return isTimeout(reason)
    ? failureOf('timeout', `${what}: no answer in time`)
    : failureOf('aborted', `${what}: given up by the caller`);
}

const wireKinds: Readonly<Record<TransportFailure['kind'], FailureKind>> = {
  connect: 'unreachable',
  broken: 'unreachable',
  protocol: 'invalid',
  'too-large': 'too-large',
};

/** The failure for what happened on the wire. */
export function wireFailure({ kind, message }: TransportFailure, what: string): Failure {
  return failureOf(wireKinds[kind], `${what}: ${message}`);
}

// DOMException of AbortSignal.timeout, or an HttpProblem of kind timeout.
function isTimeout(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false;
  return reason.name === 'TimeoutError' || ('kind' in reason && reason.kind === 'timeout');
}
