// Owns what a client is told when a partner's failure is the whole answer.
import { HttpProblem } from '../problem.ts';
import type { Failure, FailureKind } from './failure.ts';

const statuses: Readonly<Record<FailureKind, number>> = {
  // We cannot serve now, and soon may (RFC 9110 §15.6.4).
  unreachable: 503,
  overload: 503,
  open: 503,
  // The partner answered, but not usefully (§15.6.3).
  status: 502,
  'too-large': 502,
  invalid: 502,
  // The partner did not answer in time (§15.6.5).
  timeout: 504,
  // Seen in logs and metrics only.
  aborted: 499,
};

/**
 * A failure as something to throw. Thrown from a handler it is the answer: its `kind` tells the
 * failures apart, 503 comes with Retry-After, and `partnerStatus` is what the partner said.
 */
export class PartnerError extends HttpProblem {
  readonly failure: Failure;

  constructor(failure: Failure) {
    const { kind, side, retryable, message, status: partnerStatus } = failure;
    // A call that may not be made is a defect of ours (§15.6.1).
    const status = side === 'origin' && kind === 'invalid' ? 500 : statuses[kind];
    super({
      status,
      kind,
      side,
      retryable,
      detail: message,
      ...(status === 503 && { headers: { 'retry-after': retryAfter(failure) } }),
      ...(partnerStatus !== undefined && { extra: { partnerStatus } }),
    });
    this.name = 'PartnerError';
    this.failure = failure;
  }
}

/** Whole seconds, at least one (RFC 9110 §10.2.3). */
function retryAfter({ retryAfterMs = 0 }: Failure): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
}
