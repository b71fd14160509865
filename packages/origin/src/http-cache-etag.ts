// Owns entity tags: made from an answer's bytes, and compared with those a client has (RFC 9110 §8.8).
import { hash } from 'node:crypto';
import type { Context } from 'hono';
import { readAtOnce } from './http-cache-body.ts';

/** `strong`: of the very bytes; `weak`: what is behind us may change them, to compress, say. */
export type EtagKind = 'strong' | 'weak';

/** A larger answer has no tag: hashing it would keep all others waiting. */
const maxBytes = 1024 * 1024;
/** 162 bits: nobody finds two answers with one tag. */
const hashLength = 27;

/** Describe the body, and there is none (RFC 9110 §15.4.5). */
const bodyFields = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'last-modified',
];

/**
 * Gives the answer of `c` an ETag, unless it has one or its body is still being made, and answers
 * 304 instead where the client has it already (RFC 9110 §13.1.2).
 */
export async function validate(c: Context, kind: EtagKind): Promise<void> {
  const { status, headers } = c.res;
  const own = headers.get('etag');
  const body = own === null ? await readAtOnce(c.res.body, maxBytes) : undefined;
  if (body?.isWhole === false) {
    replace(c, new Response(body.stream, { status, headers }));
    return;
  }
  const etag = own ?? etagOf(body?.bytes ?? new Uint8Array(), kind);
  headers.set('etag', etag);
  if (isAmong(etag, c.req.header('if-none-match'))) {
    if (!body) await c.res.body?.cancel();
    for (const name of bodyFields) headers.delete(name);
    replace(c, new Response(null, { status: 304, headers }));
  } else if (body) {
    replace(c, new Response(body.bytes, { status, headers }));
  }
}

/** Puts `response` in the place of the answer; without the first step Hono would merge the two. */
export function replace(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

function etagOf(bytes: Uint8Array, kind: EtagKind): string {
  const tag = `"${hash('sha256', bytes, 'base64url').slice(0, hashLength)}"`;
  return kind === 'weak' ? `W/${tag}` : tag;
}

/** By the weak comparison, which is the one for If-None-Match (RFC 9110 §8.8.3.2). */
function isAmong(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const own = etag.replace(/^W\//, '');
  return ifNoneMatch.match(/"[\x21\x23-\x7e\x80-\xff]*"/g)?.includes(own) ?? false;
}
