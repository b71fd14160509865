// Owns how what is wrong with a request is told: every field, where it is and why, in one problem.
import { z } from '@hono/zod-openapi';
import type { ZodType } from 'zod';
import { HttpProblem } from './problem.ts';

/** The part of a request a field belongs to. */
export type RequestPart = 'body' | 'path' | 'query' | 'header' | 'cookie';

/** One thing that is wrong; a member of `fields` in a problem of kind `validation`. */
export interface InvalidField {
  readonly in: RequestPart;
  /** Where in the part, such as `address.lines[0]`; empty for the part as a whole. */
  readonly path: string;
  /** Why, for people; never the value that was sent. */
  readonly message: string;
  /** Why, for programs: `required`, or the code of the schema's issue. */
  readonly code: string;
}

/** What came of holding a value against a schema. */
export type Checked =
  | { readonly isValid: true; readonly data: unknown }
  | { readonly isValid: false; readonly fields: readonly InvalidField[] };

/** More than this helps nobody, and each one takes room in the answer. */
const maxFields = 100;

/**
 * Holds `value` against `schema`, in this turn of the event loop.
 * @throws TypeError when the schema cannot say without waiting
 */
export function check(schema: ZodType, value: unknown, part: RequestPart): Checked {
  try {
    const result = schema.safeParse(value);
    if (result.success) return { isValid: true, data: result.data };
    return { isValid: false, fields: fieldsOf(result.error.issues, value, part) };
  } catch (error) {
    if (error instanceof RangeError) {
      const message = 'is nested too deeply';
      return { isValid: false, fields: [{ in: part, path: '', message, code: 'too_deep' }] };
    }
    if (!(error instanceof z.core.$ZodAsyncError)) throw error;
    throw new TypeError(
      `the schema of the ${part} has an asynchronous check; do what takes time in the handler`,
      { cause: error },
    );
  }
}

/** The issues of a schema as fields, at most as many as are told. */
export function fieldsOf(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  part: RequestPart,
): InvalidField[] {
  return issues.slice(0, maxFields).map((issue) => {
    const path = pathText(issue.path);
    if (issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined) {
      return { in: part, path, message: 'is required', code: 'required' };
    }
    return { in: part, path, message: issue.message, code: issue.code };
  });
}

/** 422: the request can be read, but is not what the route takes. */
export function invalidRequest(fields: readonly InvalidField[]): HttpProblem {
  const told = fields.slice(0, maxFields);
  const places = [...new Set(told.map(({ in: part, path }) => (path ? `${part} ${path}` : part)))];
  const named = places.slice(0, 3).join(', ');
  const more = places.length > 3 ? ` and ${places.length - 3} more` : '';
  return new HttpProblem({
    status: 422,
    kind: 'validation',
    side: 'client',
    retryable: false,
    detail: `the request is not valid: ${named}${more}; see fields`,
    extra: { fields: told },
  });
}

/** The value an issue is about. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<PropertyKey, unknown>)[key];
  }
  return found;
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[\w$-]+$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}
