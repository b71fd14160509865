/**
 * The table of everything that can go wrong with a request: one row per kind, and from the row
 * follow status, side, retry, log level and the page the client gets (RFC 9457).
 */

type Side = 'client' | 'edge' | 'upstream';

interface FailureRow {
  readonly status: number;
  readonly side: Side;
  /** True when nothing but this attempt is known to be bad, so another one may succeed. */
  readonly retryable: boolean;
  readonly title: string;
  /** Seconds a client should wait before it asks again; sent as Retry-After. */
  readonly retryAfterSeconds?: number;
}

const failureTable = {
  'bad-request': { status: 400, side: 'client', retryable: false, title: 'Bad request' },
  'no-route': { status: 404, side: 'client', retryable: false, title: 'No route' },
  'method-refused': { status: 405, side: 'client', retryable: false, title: 'Method not allowed' },
  'slow-request': { status: 408, side: 'client', retryable: false, title: 'Request timeout' },
  'body-too-large': {
    status: 413,
    side: 'client',
    retryable: false,
    title: 'Content too large',
  },
  'target-too-long': { status: 414, side: 'client', retryable: false, title: 'URI too long' },
  'expectation-failed': {
    status: 417,
    side: 'client',
    retryable: false,
    title: 'Expectation failed',
  },
  'upgrade-refused': { status: 426, side: 'client', retryable: false, title: 'Upgrade refused' },
  'head-too-large': {
    status: 431,
    side: 'client',
    retryable: false,
    title: 'Request header fields too large',
  },
  'client-gone': { status: 499, side: 'client', retryable: false, title: 'Client closed request' },
  internal: { status: 500, side: 'edge', retryable: false, title: 'Internal error' },
  overloaded: {
    status: 503,
    side: 'edge',
    retryable: false,
    title: 'Overloaded',
    retryAfterSeconds: 1,
  },
  'no-upstream': {
    status: 503,
    side: 'upstream',
    retryable: false,
    title: 'No live upstream',
    retryAfterSeconds: 1,
  },
  'connect-failed': {
    status: 503,
    side: 'upstream',
    retryable: true,
    title: 'No live upstream',
    retryAfterSeconds: 1,
  },
  'connect-timeout': {
    status: 503,
    side: 'upstream',
    retryable: true,
    title: 'No live upstream',
    retryAfterSeconds: 1,
  },
  'deadline-too-short': {
    status: 504,
    side: 'client',
    retryable: false,
    title: 'Gateway timeout',
  },
  'not-cached': { status: 504, side: 'client', retryable: false, title: 'Gateway timeout' },
  'upstream-status': { status: 502, side: 'upstream', retryable: true, title: 'Bad gateway' },
  'hedge-lost': { status: 502, side: 'edge', retryable: false, title: 'Bad gateway' },
  'upstream-reset': { status: 502, side: 'upstream', retryable: true, title: 'Bad gateway' },
  'upstream-invalid': { status: 502, side: 'upstream', retryable: false, title: 'Bad gateway' },
  'first-byte-timeout': {
    status: 504,
    side: 'upstream',
    retryable: false,
    title: 'Gateway timeout',
  },
  'total-timeout': { status: 504, side: 'edge', retryable: false, title: 'Gateway timeout' },
  'idle-timeout': { status: 504, side: 'upstream', retryable: false, title: 'Gateway timeout' },
  truncated: { status: 502, side: 'upstream', retryable: false, title: 'Bad gateway' },
} as const satisfies Record<string, FailureRow>;

export type FailureKind = keyof typeof failureTable;

/** A failed request or attempt: what happened, whose fault it was, whether trying again may help. */
export interface Failure {
  readonly kind: FailureKind;
  readonly side: Side;
  readonly retryable: boolean;
  /** One sentence for the client: what was wrong and, where it helps, what to do. */
  readonly detail: string;
  /** When to ask again, where more is known about it than the table says. */
  readonly retryAfterSeconds?: number | undefined;
}

/** An attempt that failed, with what decides about a further one. */
export interface FailedOutcome extends Failure {
  /** The client has seen part of an answer. */
  readonly hasResponseStarted: boolean;
  /** A byte of the request may have reached the upstream. */
  readonly wasAnythingSent: boolean;
}

/** How an attempt ended; `status` is the upstream's. */
export type Outcome = { readonly kind: 'answered'; readonly status: number } | FailedOutcome;

/** Builds a failure from its row in the table. */
export function failure(kind: FailureKind, detail: string, retryAfterSeconds?: number): Failure {
  const row = failureTable[kind];
  return { kind, side: row.side, retryable: row.retryable, detail, retryAfterSeconds };
}

/** The status a failure of this kind is answered with. */
export function statusOf(kind: FailureKind): number {
  return failureTable[kind].status;
}

/** A complete error answer, ready for any downstream protocol. */
export interface ErrorPage {
  readonly status: number;
  readonly title: string;
  /** Name and value alternating; without the length of the body. */
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * The error page for a failure: `application/problem+json` (RFC 9457) with the request id.
 * `extraHeaders` alternates names and values (for example Allow on 405).
 */
export function errorPage(
  problem: Failure,
  requestId: string,
  extraHeaders: readonly string[] = [],
): ErrorPage {
  const row: FailureRow = failureTable[problem.kind];
  const body = `${JSON.stringify({
    type: `urn:headgate:problem:${problem.kind}`,
    title: row.title,
    status: row.status,
    detail: problem.detail,
    kind: problem.kind,
    side: problem.side,
    requestId,
  })}\n`;
  const headers = [
    'content-type',
    'application/problem+json',
    'cache-control',
    'no-store',
    'x-request-id',
    requestId,
    ...extraHeaders,
  ];
  const retryAfterSeconds = problem.retryAfterSeconds ?? row.retryAfterSeconds;
  if (retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfterSeconds));
  return { status: row.status, title: row.title, headers, body };
}
