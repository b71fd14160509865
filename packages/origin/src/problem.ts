// Owns the shape of every error an origin answers with: RFC 9457 problem details.
import { STATUS_CODES } from 'node:http';

/** Whose doing a problem is: the caller's, this origin's, or a partner's it called. */
export type ProblemSide = 'client' | 'origin' | 'partner';

/** What a problem says. */
export interface ProblemInit {
  /** HTTP status, 400 to 599. */
  status: number;
  /** Machine-readable name within the API, such as `timeout`. */
  kind: string;
  side: ProblemSide;
  /** Whether the same request may succeed when it is sent again. */
  retryable: boolean;
  /** What was wrong, where, and what to do; shown to the client. */
  detail: string;
  /** Extra response headers, such as `retry-after`. */
  headers?: Record<string, string>;
  /** Extension members of the body (RFC 9457 §3.2). */
  extra?: Record<string, unknown>;
  cause?: unknown;
}

/** An error that is meant to be answered: thrown anywhere in a handler, it becomes the response. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly side: ProblemSide;
  readonly retryable: boolean;
  readonly headers: Record<string, string>;
  readonly extra: Record<string, unknown>;

  constructor(init: ProblemInit) {
    super(init.detail, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'HttpProblem';
    this.status = init.status;
    this.kind = init.kind;
    this.side = init.side;
    this.retryable = init.retryable;
    this.headers = init.headers ?? {};
    this.extra = init.extra ?? {};
  }
}

/** 400: a parameter of the request is not usable as it stands. */
export function badRequest(detail: string, extra: Record<string, unknown> = {}): HttpProblem {
  return new HttpProblem({
    status: 400,
    kind: 'bad-request',
    side: 'client',
    retryable: false,
    detail,
    extra,
  });
}

/** 404: there is nothing under this name. */
export function notFound(detail: string): HttpProblem {
  return new HttpProblem({
    status: 404,
    kind: 'not-found',
    side: 'client',
    retryable: false,
    detail,
  });
}

/** The `application/problem+json` response for `problem` (RFC 9457 §3). */
export function problemResponse(problem: HttpProblem, requestId: string | undefined): Response {
  return new Response(problemText(problem, requestId), {
    status: problem.status,
    headers: problemFields(problem),
  });
}

/** The body of the answer that says `problem`. */
export function problemText(problem: HttpProblem, requestId: string | undefined): string {
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    kind: problem.kind,
    requestId,
    ...problem.extra,
  });
}

/** The fields of the answer that says `problem`. */
export function problemFields({ headers }: HttpProblem): Record<string, string> {
  return { ...headers, 'content-type': 'application/problem+json' };
}
