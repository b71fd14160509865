// Owns what a body has to be before a handler sees it: of a declared type, readable, and valid.
import { isUtf8 } from 'node:buffer';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ZodType } from 'zod';
import { badRequest, HttpProblem } from './problem.ts';
import type { OriginEnv } from './request-scope.ts';
import { readBytes } from './validate-bytes.ts';
import { check, type InvalidField } from './validate-fields.ts';
import { addValue, listKeys } from './validate-parts.ts';

/** A route's declaration of its body: media type to schema. */
export interface BodyDefinition {
  /** Whether a request without a body is refused. Default false. */
  readonly required?: boolean | undefined;
  readonly content: object;
}

/** What became of a body. */
type BodyResult =
  | { readonly kind: 'valid'; readonly target: 'json' | 'form'; readonly data: unknown }
  | { readonly kind: 'invalid'; readonly fields: readonly InvalidField[] }
  /** The route reads bodies of this type itself. */
  | { readonly kind: 'unread' };

/** Reads and checks the body of one request. */
export type BodyReader = (c: Context<OriginEnv>) => Promise<BodyResult>;

type FormValue = string | File;

interface Medium {
  readonly type: string;
  readonly target: 'json' | 'form' | undefined;
  readonly schema: ZodType | undefined;
}

const missing: BodyResult = {
  kind: 'invalid',
  fields: [{ in: 'body', path: '', message: 'is required', code: 'required' }],
};

/**
 * What reads the bodies of a route: JSON and forms with a schema are read here, at most
 * `maxBytes`; what else is declared is left for the handler to read. Undefined when no body is
 * declared.
 */
export function bodyReader(definition: BodyDefinition, maxBytes: number): BodyReader {
  const media = Object.entries(definition.content).map(([type, content]) =>
    mediumOf(type, content),
  );
  const isRequired = definition.required === true;
  const schemas = media.filter(({ schema, target }) => schema && target);
  const formLists = new Set(schemas.flatMap(({ schema }) => [...listKeys(schema as ZodType)]));

  return async (c) => {
    const contentType = c.req.header('content-type');
    const essence = contentType?.split(';', 1)[0]?.trim().toLowerCase();
    const medium = media.find(({ type }) => matches(type, essence));
    if (essence !== undefined && medium === undefined) throw unsupported(media, essence);
    if (medium !== undefined && (medium.schema === undefined || medium.target === undefined)) {
      return { kind: 'unread' };
    }
    const bytes = await readBytes(c, maxBytes);
    if (bytes.byteLength === 0) {
      if (isRequired) return missing;
      const target = medium?.target ?? schemas[0]?.target;
      return target === undefined ? { kind: 'unread' } : { kind: 'valid', target, data: {} };
    }
    if (medium?.schema === undefined || medium.target === undefined) throw unsupported(media);
    const value =
      medium.target === 'json'
        ? parseJson(c, bytes)
        : await parseForm(c, bytes, contentType as string, formLists);
    const checked = check(medium.schema, value, 'body');
    if (!checked.isValid) return { kind: 'invalid', fields: checked.fields };
    return { kind: 'valid', target: medium.target, data: checked.data };
  };
}

function mediumOf(type: string, content: { schema?: unknown } | undefined): Medium {
  const schema = content?.schema;
  return {
    type: (type.split(';', 1)[0] as string).trim().toLowerCase(),
    target: isJson(type) ? 'json' : isForm(type) ? 'form' : undefined,
    schema: schema instanceof z.ZodType ? schema : undefined,
  };
}

/** Any JSON suits a route that takes JSON, and either kind of form one that takes forms. */
function matches(type: string, essence: string | undefined): boolean {
  if (essence === undefined) return false;
  if (type === '*/*' || type === essence) return true;
  if (type.endsWith('/*')) return essence.startsWith(type.slice(0, -1));
  return (isJson(type) && isJson(essence)) || (isForm(type) && isForm(essence));
}

function isJson(type: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i.test(type);
}

function isForm(type: string): boolean {
  return /^(?:multipart\/form-data|application\/x-www-form-urlencoded)(?:\s*;|$)/i.test(type);
}

/** An own key `__proto__`, in any spelling: dropped, since whoever merges objects would trip on it. */
const hasProto = /__proto__|\\u00(?:5f|70|72|6f|74)/i;

function parseJson(c: Context, bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw badRequest('the body is not valid JSON: it is not UTF-8');
  const text = bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb ? 3 : 0);
  Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
  try {
    if (!hasProto.test(text)) return JSON.parse(text);
    return JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value));
  } catch (error) {
    throw badRequest(`the body is not valid JSON${placeOf(error)}`);
  }
}

/** Where it goes wrong, if that is known; what is there stays out of answers and logs. */
function placeOf(error: unknown): string {
  const at = error instanceof Error ? /at position \d+/.exec(error.message) : null;
  return at === null ? '' : ` (${at[0]})`;
}

async function parseForm(
  c: Context,
  bytes: Buffer,
  contentType: string,
  lists: ReadonlySet<string>,
): Promise<Record<string, unknown>> {
  const { buffer, byteOffset, byteLength } = bytes;
  const body = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  Object.assign(c.req.bodyCache, { arrayBuffer: Promise.resolve(body) });
  const values: Record<string, FormValue | FormValue[]> = Object.create(null);
  const form = await new Response(body, { headers: { 'content-type': contentType } })
    .formData()
    .catch(() => {
      throw badRequest('the body is not the form its content-type says');
    });
  for (const [name, value] of form) {
    if (name.endsWith('[]') && values[name] === undefined) values[name] = [value];
    else addValue(values, name, value, lists);
  }
  return values;
}

function unsupported(media: readonly Medium[], essence?: string): HttpProblem {
  const types = media.map(({ type }) => type).join(', ');
  return new HttpProblem({
    status: 415,
    kind: 'unsupported-media-type',
    side: 'client',
    retryable: false,
    detail: `the body must be ${types}${essence === undefined ? '; it has no content-type' : ''}`,
    headers: { accept: types },
  });
}
