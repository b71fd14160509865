/** What can go wrong with a request of a load test. */

/** Each is a line of the report. */
export const FAILURE_KINDS = [
  /** Nobody listens there. */
  'refused',
  /** The connection broke before the answer was complete. */
  'reset',
  /** Not connected in time. */
  'connect-timeout',
  /** Not answered in time. */
  'timeout',
  /** The answer is no HTTP. */
  'protocol',
  /** A complete answer, with a status that the flow does not expect. */
  'status',
  /** A complete answer, refused by a check of the flow. */
  'check',
  /** The flow's own code threw. */
  'exception',
  /** This machine has no port, file or memory left: the generator's own limit. */
  'exhausted',
  /** Still unanswered when the run was stopped. */
  'cut',
] as const;

export type FailureKind = (typeof FAILURE_KINDS)[number];

/** A request that failed, as flows see it. */
export class RequestFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestFailure';
    this.kind = kind;
  }
}

const KIND_OF_CODE: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'connect-timeout',
  EADDRNOTAVAIL: 'exhausted',
  EADDRINUSE: 'exhausted',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  ENOBUFS: 'exhausted',
  ENOMEM: 'exhausted',
};

/** The kind of an error of a socket. */
export function kindOfError(error: { readonly code?: string } | undefined): FailureKind {
  return KIND_OF_CODE[error?.code ?? ''] ?? 'reset';
}
