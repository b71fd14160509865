// Owns the check that answers are what their routes declare: while it is built and tested.
import { z } from '@hono/zod-openapi';
import type { Context, Handler, Next } from 'hono';
import type { ZodType } from 'zod';
import { HttpProblem } from './problem.ts';
import type { OriginEnv } from './request-scope.ts';
import { fieldsOf, type InvalidField, valueAt } from './validate-fields.ts';

/** What is done about answers that are not what their route declares. */
export type ResponseChecking = 'off' | 'log' | 'strict';

/** The parts of a declaration answers are held against. */
export interface DeclaredResponses {
  readonly method: string;
  readonly path: string;
  readonly responses: Readonly<Record<string, object>>;
}

/** `off` in production, `strict` in tests, `log` elsewhere. */
export function usualChecking(env: NodeJS.ProcessEnv): ResponseChecking {
  if (env.NODE_ENV === 'production') return 'off';
  const isTest = env.NODE_ENV === 'test' || env.NODE_TEST_CONTEXT !== undefined;
  return isTest ? 'strict' : 'log';
}

/** `handle`, with its JSON answers held against the declaration. */
export function responseCheck(
  { method, path, responses }: DeclaredResponses,
  handle: Handler<OriginEnv>,
  checking: 'log' | 'strict',
): Handler<OriginEnv> {
  const schemas = new Map(Object.entries(responses).map(([status, r]) => [status, jsonSchema(r)]));
  return async (c: Context<OriginEnv>, next: Next) => {
    const response = await handle(c, next);
    if (!(response instanceof Response) || !isJson(response)) return response;
    const { status } = response;
    const key = [String(status), `${Math.floor(status / 100)}XX`, 'default'].find((each) =>
      schemas.has(each),
    );
    const schema = key === undefined ? undefined : schemas.get(key);
    if (schema === undefined) return response;
    const fields = mismatches(schema, JSON.parse(await response.clone().text()));
    if (fields.length === 0) return response;
    const { requestId, logger } = c.env.scope;
    const route = `${method.toUpperCase()} ${path}`;
    logger.error('the answer is not what its route declares', { requestId, route, status, fields });
    if (checking === 'log') return response;
    throw new HttpProblem({
      status: 500,
      kind: 'undeclared-response',
      side: 'origin',
      retryable: false,
      detail: `the answer of ${route} is not what the route declares for ${status}; see fields`,
      extra: { fields },
    });
  };
}

function jsonSchema(response: object): ZodType | undefined {
  const { content = {} } = response as { content?: Record<string, { schema?: unknown }> };
  const schema = content['application/json']?.schema;
  return schema instanceof z.ZodType ? schema : undefined;
}

function isJson(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('application/json') === true;
}

/** A schema of Date is met by what JSON makes of one. */
function mismatches(schema: ZodType, answer: unknown): InvalidField[] {
  const { error } = schema.safeParse(answer);
  const issues = (error?.issues ?? []).filter((issue) => {
    if (issue.code !== 'invalid_type' || issue.expected !== 'date') return true;
    const value = valueAt(answer, issue.path);
    return typeof value !== 'string' || Number.isNaN(Date.parse(value));
  });
  return fieldsOf(issues, answer, 'body');
}
