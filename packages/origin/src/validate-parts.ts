// Owns what a schema is shown of a request apart from its body: path, query, headers and cookies.
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { ZodType } from 'zod';
import type { RequestPart } from './validate-fields.ts';

/** One part of a request that a route has a schema for. */
export interface PartReader {
  /** Under which `c.req.valid` finds the result. */
  readonly target: 'param' | 'query' | 'header' | 'cookie';
  readonly part: RequestPart;
  readonly schema: ZodType;
  /** What was sent, as the schema takes it. */
  read(c: Context): unknown;
}

/** What a route may declare apart from the body. */
export interface PartSchemas {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly cookies?: unknown;
}

/** The parts `request` declares, in the order problems are told. */
export function partReaders({ params, query, headers, cookies }: PartSchemas): PartReader[] {
  const readers: PartReader[] = [];
  if (params !== undefined) {
    const schema = schemaOf(params, 'params');
    readers.push({ target: 'param', part: 'path', schema, read: (c) => c.req.param() });
  }
  if (query !== undefined) {
    const schema = schemaOf(query, 'query');
    const lists = listKeys(schema);
    const known = knownKeys(schema);
    readers.push({
      target: 'query',
      part: 'query',
      schema,
      read: (c) => readQuery(c.req.url, lists, known),
    });
  }
  if (headers !== undefined) {
    const schema = schemaOf(headers, 'headers');
    readers.push({ target: 'header', part: 'header', schema, read: headerReader(schema) });
  }
  if (cookies !== undefined) {
    const schema = schemaOf(cookies, 'cookies');
    readers.push({ target: 'cookie', part: 'cookie', schema, read: (c) => getCookie(c) });
  }
  return readers;
}

/** Keys under which `schema` takes a list, so that one value is a list of one. */
export function listKeys(schema: ZodType): ReadonlySet<string> {
  const shape = objectOf(schema)?.shape ?? {};
  return new Set(Object.keys(shape).filter((key) => isList(shape[key])));
}

/**
 * The parameters of a URL's query: a string each, or a list where a name is repeated or is one of
 * `lists`. Percent-encoding that means nothing is kept as it was sent.
 * @param known the names that matter; all of them when undefined
 */
function readQuery(
  url: string,
  lists: ReadonlySet<string>,
  known: ReadonlySet<string> | undefined,
): Record<string, unknown> {
  // Objects without a prototype are slow, and only names from outside need one.
  const values: Record<string, string | string[]> = known === undefined ? Object.create(null) : {};
  const start = url.indexOf('?') + 1;
  if (start === 0) return values;
  const hash = url.indexOf('#', start);
  const end = hash === -1 ? url.length : hash;
  for (let from = start; from < end; ) {
    let to = url.indexOf('&', from);
    if (to === -1 || to > end) to = end;
    const equals = url.indexOf('=', from);
    const nameEnd = equals === -1 || equals > to ? to : equals;
    const name = decode(url.slice(from, nameEnd));
    const isWanted = known === undefined ? name !== '' : known.has(name);
    if (isWanted) addValue(values, name, decode(url.slice(nameEnd + 1, to)), lists);
    from = to + 1;
  }
  return values;
}

/** Adds one of perhaps several values of `name`. */
export function addValue<V>(
  values: Record<string, V | V[]>,
  name: string,
  value: V,
  lists: ReadonlySet<string>,
): void {
  const there = values[name];
  if (Array.isArray(there)) there.push(value);
  else if (there !== undefined) values[name] = [there, value];
  else values[name] = lists.has(name) ? [value] : value;
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** The names `schema` takes or drops others for; undefined when others matter as well. */
function knownKeys(schema: ZodType): ReadonlySet<string> | undefined {
  const object = objectOf(schema);
  if (object === undefined || object.def.catchall !== undefined) return undefined;
  const names = Object.keys(object.shape);
  return names.some((name) => name in Object.prototype) ? undefined : new Set(names);
}

/** Only what is asked for is looked up; a schema that takes any header is shown all of them. */
function headerReader(schema: ZodType): (c: Context) => unknown {
  const names = knownKeys(schema);
  if (names === undefined) return (c) => c.req.header();
  return (c) => {
    const values: Record<string, string> = {};
    for (const name of names) {
      const value = c.req.header(name);
      if (value !== undefined) values[name] = value;
    }
    return values;
  };
}

function schemaOf(schema: unknown, name: string): ZodType {
  if (schema instanceof z.ZodType) return schema;
  throw new TypeError(`request.${name} must be one schema, such as z.object({ ... })`);
}

function objectOf(schema: ZodType): z.ZodObject | undefined {
  const bare = bareOf(schema);
  return bare instanceof z.ZodObject ? bare : undefined;
}

function isList(schema: unknown): boolean {
  const bare = schema instanceof z.ZodType ? bareOf(schema) : undefined;
  return bare instanceof z.ZodArray || bare instanceof z.ZodTuple || bare instanceof z.ZodSet;
}

/** What is within `.optional()`, `.default()`, `.transform()` and their like. */
function bareOf(schema: ZodType): ZodType {
  if (schema instanceof z.ZodPipe) return bareOf(schema.in as ZodType);
  const { innerType } = schema.def as { innerType?: ZodType };
  return innerType === undefined ? schema : bareOf(innerType);
}
