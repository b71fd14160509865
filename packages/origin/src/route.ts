// Owns how a route is declared: what it takes and answers, its limits, and the problems any has.
import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import type { ZodType } from 'zod';

/** What a route may spend; the origin's own limits hold where it says nothing. */
export interface RouteLimits {
  /** Milliseconds from the start of the handler, shorter or longer than the origin's; Infinity for none. */
  readonly deadlineMs?: number;
  /** Requests that are handled at one time; others wait, or are answered 503. */
  readonly maxInFlight?: number;
  /** Requests that wait for their turn. Default 0. */
  readonly maxQueue?: number;
  /** Milliseconds a request waits for its turn, at most. Default 1000. */
  readonly queueTimeoutMs?: number;
  /** Size of a JSON or form body in bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number;
}

/** What {@link route} takes: the declaration, its path checked as a literal. */
type Definition<P extends string> = Omit<RouteConfig, 'path'> & { path: P } & RouteLimits;

/** The body of every problem (RFC 9457); `Problem` in documents. */
const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    kind: z.string().openapi({ description: 'Machine-readable name of what went wrong.' }),
    requestId: z.string().optional(),
    fields: z
      .array(
        z.object({
          in: z.enum(['body', 'path', 'query', 'header', 'cookie']),
          path: z.string().openapi({ example: 'address.lines[0]' }),
          message: z.string(),
          code: z.string(),
        }),
      )
      .optional()
      .openapi({ description: 'What is wrong with the request, where its kind is `validation`.' }),
  })
  .openapi('Problem');

/** The declaration of a JSON answer: `responses: { 200: json(itemSchema, 'The item') }`. */
export function json<S extends ZodType, D extends string>(
  schema: S,
  description: D,
): { description: D; content: { 'application/json': { schema: S } } } {
  return { description, content: { 'application/json': { schema } } };
}

/** The declaration of a JSON body that has to be there: `request: { body: jsonBody(itemSchema) }`. */
export function jsonBody<S extends ZodType>(
  schema: S,
): { required: true; content: { 'application/json': { schema: S } } } {
  return { required: true, content: { 'application/json': { schema } } };
}

/** The declaration of an error a handler throws: `responses: { 404: problem('No such item') }`. */
export function problem(description: string): ProblemResponse {
  return { description, content: { 'application/problem+json': { schema: problemSchema } } };
}

/** What {@link problem} makes. */
export interface ProblemResponse {
  description: string;
  content: { 'application/problem+json': { schema: typeof problemSchema } };
}

/** The statuses of the problems a route can have without saying so. */
type ProblemStatus<R> =
  | 500
  | 503
  | 504
  | (R extends { request: { body: object } } ? 400 | 413 | 415 : never)
  | (R extends { request: object } ? 422 : never);

/** A declaration together with the problems it can have. */
type WithProblems<R extends { responses: object }> = R & {
  responses: { [S in Exclude<ProblemStatus<R>, keyof R['responses']>]: ProblemResponse };
};

/**
 * Declares a route: `routes.openapi(route({ method, path, request, responses }), handler)`. The
 * problems every route can have are added to what its document says; what it declares itself wins.
 * @throws TypeError or RangeError, naming the route, for what cannot be meant
 */
export function route<P extends string, R extends Definition<P>>(
  definition: R,
): ReturnType<typeof createRoute<P, WithProblems<R>>> {
  const { method, path, request, responses, deadlineMs = 1, maxBodyBytes = 1 } = definition;
  const { maxInFlight, maxQueue, queueTimeoutMs } = definition;
  const where = `route ${method.toUpperCase()} ${path}`;
  if (!path.startsWith('/')) throw new TypeError(`${where}: the path must start with a slash`);
  if (path.includes('/:')) {
    throw new TypeError(`${where}: write parameters as in documents, {id} rather than :id`);
  }
  if (!(deadlineMs > 0)) throw new RangeError(`${where}: deadlineMs must be above 0`);
  if (!(maxBodyBytes > 0)) throw new RangeError(`${where}: maxBodyBytes must be above 0`);
  if (maxInFlight === undefined && (maxQueue ?? queueTimeoutMs) !== undefined) {
    throw new TypeError(`${where}: maxQueue and queueTimeoutMs are for routes with maxInFlight`);
  }
  const withProblems = {
    ...definition,
    responses: { ...problemsOf(request), ...responses },
  } as WithProblems<R>;
  return createRoute<P, WithProblems<R>>(withProblems);
}

function problemsOf(request: RouteConfig['request']): Record<number, ProblemResponse> {
  return {
    ...(request?.body && {
      400: problem('The body cannot be read'),
      413: problem('The body is too large'),
      415: problem('The body is of a type this route does not take'),
    }),
    ...(request && { 422: problem('The request is not valid; `fields` says why') }),
    500: problem('The origin failed'),
    503: problem('Too busy, or something it needs is not there; may succeed later'),
    504: problem('The deadline of the request passed'),
  };
}
