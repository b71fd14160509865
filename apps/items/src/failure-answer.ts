// Owns what a client is told about a part that is missing because of a partner's failure.
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
