// Owns what a request is answered with that no handler has answered: a failure, or nothing found.
import type { Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { allowedMethods, hasRoute } from './matched-route.ts';
import type { OpenScope } from './open-scope.ts';
import { HttpProblem, notFound, problemResponse } from './problem.ts';
import type { OriginEnv } from './request-scope.ts';

/** The answer that says `problem`. */
export function answerProblem(problem: HttpProblem, scope: OpenScope): Response {
  scope.problemKind = problem.kind;
  return problemResponse(problem, scope.requestId);
}

/** The answer to a request whose handler has thrown `error`; what nobody expected is logged. */
export function answerError(error: unknown, scope: OpenScope): Response {
  return answerProblem(problemOf(error, scope), scope);
}

/** What a request that failed by `error` is answered with; what nobody expected is logged. */
export function problemOf(error: unknown, scope: OpenScope): HttpProblem {
  const problem = asProblem(error, scope);
  if (isForTheLog(problem)) {
    const { requestId, trace, request, path, logger } = scope;
    const { traceId } = trace;
    logger.error('request failed', { error, requestId, traceId, method: request.method, path });
  }
  return problem;
}

/** A failure of ours whose cause clients are not told, such as what the database said. */
function isForTheLog({ kind, status, side, cause }: HttpProblem): boolean {
  return kind === 'internal' || (status >= 500 && side === 'origin' && cause !== undefined);
}

/**
 * The answer where no route was found, or its handler has found nothing: 404; 405 where the path has
 * routes for other methods (RFC 9110 §15.5.6), which OPTIONS is told (§9.3.7).
 */
export function answerUnmatched(app: Hono<OriginEnv>, c: Context<OriginEnv>): Response {
  const { scope } = c.env;
  const { method, path } = c.req;
  const allowed = hasRoute(app, method, path) ? [] : allowedMethods(app, path);
  if (allowed.length === 0) {
    return answerProblem(notFound(`nothing is found at ${path}`), scope as OpenScope);
  }
  const headers = { allow: allowed.join(', ') };
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers });
  const problem = new HttpProblem({
    status: 405,
    kind: 'method-not-allowed',
    side: 'client',
    retryable: false,
    detail: `${path} does not take ${method}; it takes ${headers.allow}`,
    headers,
  });
  return answerProblem(problem, scope as OpenScope);
}

/**
 * What `error` is answered with. Work that was cancelled fails in many ways, so once the request's
 * signal has aborted, its reason is the answer rather than whatever broke because of it.
 */
function asProblem(error: unknown, { endedBy }: OpenScope): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (endedBy !== undefined) return endedBy;
  if (error instanceof HTTPException) {
    const { status, message: detail } = error;
    const side = status < 500 ? 'client' : 'origin';
    const headers = fieldsOf(error);
    return new HttpProblem({ status, kind: 'http', side, retryable: false, detail, headers });
  }
  return new HttpProblem({
    status: 500,
    kind: 'internal',
    side: 'origin',
    retryable: false,
    detail: 'the origin failed; quote the request id when reporting this',
    cause: error,
  });
}

/** Of the answer that the exception has brought along; a 401 has its challenges there. */
function fieldsOf({ res }: HTTPException): Record<string, string> {
  if (res === undefined) return {};
  const fields = Object.fromEntries(res.headers);
  // They describe a body that is not sent.
  for (const name of Object.keys(fields)) if (name.startsWith('content-')) delete fields[name];
  return fields;
}
