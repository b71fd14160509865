// Owns what a client is told about a partner's failure: as a part that is missing, or as the answer.
import { HttpProblem } from '@headgate/origin';
import type { Failure, FailureKind } from '@headgate/origin/client';

/** A part left out of a partial answer, and why. */
export interface Missing {
  part: string;
  reason: FailureKind;
  /** The partner's status, with reason `status`. */
  status?: number;
  message: string;
}

/** Names `part` as missing because of `failure`. */
export function missing(part: string, { kind, status, message }: Failure): Missing {
  return { part, reason: kind, ...(status !== undefined && { status }), message };
}

const statuses: Record<FailureKind, number> = {
  // We cannot serve now, and soon may (RFC 9110 §15.6.4).
  unreachable: 503,
  overload: 503,
  // The partner answered, but not usefully (§15.6.3).
  status: 502,
  invalid: 502,
  // The partner did not answer in time (§15.6.5).
  timeout: 504,
  // Seen in logs and metrics only.
  aborted: 499,
};

const retryAfterSeconds = 1;

/** The answer when nothing could be had; `kind` tells the failures apart. */
export function failureProblem(failure: Failure): HttpProblem {
  const status = statuses[failure.kind];
  return new HttpProblem({
    status,
    kind: failure.kind,
    side: failure.side,
    retryable: failure.retryable,
    detail: failure.message,
    ...(status === 503 && { headers: { 'retry-after': String(retryAfterSeconds) } }),
    ...(failure.status !== undefined && { extra: { partnerStatus: failure.status } }),
  });
}
