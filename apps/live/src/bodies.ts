// Owns large and slow bodies, out and in, each in constant memory.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OriginEnv } from '@headgate/origin';
import type { Context } from 'hono';
import { milliseconds, wholeNumber } from './parameters.ts';

// Byte i of a body is i mod 251: a prime, so that a shifted or repeated piece shows.
const period = 251;
const block = Uint8Array.from({ length: period * 256 }, (_, index) => index % period);
const octets = { 'content-type': 'application/octet-stream' };

/** `GET ?bytes=`: that many bytes with a content-length, as fast as the client reads. */
export function download(c: Context<OriginEnv>): Response {
  const sizeBytes = wholeNumber(c, 'bytes', { min: 0, max: 10 * 1024 ** 3, default: 1024 ** 2 });
  c.var.scope.deadline.raise(Number.POSITIVE_INFINITY);
  const headers = { ...octets, 'content-length': String(sizeBytes) };
  return c.body(ReadableStream.from(pattern(sizeBytes)), 200, headers);
}

/** `GET ?chunks=&size=&delay=`: chunks of `size` bytes, `delay` apart, without a length. */
export function stream(c: Context<OriginEnv>): Response {
  const chunks = wholeNumber(c, 'chunks', { min: 1, max: 100_000, default: 10 });
  const sizeBytes = wholeNumber(c, 'size', { min: 1, max: block.length, default: 1024 });
  const delayMs = milliseconds(c, 'delay', { min: 0, max: 60_000, default: 100 });
  const { scope, signal } = c.var;
  scope.deadline.raise(Number.POSITIVE_INFINITY);
  return c.body(ReadableStream.from(spaced(chunks, sizeBytes, delayMs, signal)), 200, octets);
}

/** `POST`: answers `{ bytes, sha256 }` of the body. */
export async function upload(c: Context<OriginEnv>): Promise<Response> {
  c.var.scope.deadline.raise(Number.POSITIVE_INFINITY);
  const sha256 = createHash('sha256');
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    sha256.update(chunk);
  }
  return c.json({ bytes, sha256: sha256.digest('hex') });
}

/** `GET ?ms=`: answers after that time. */
export async function slow(c: Context<OriginEnv>): Promise<Response> {
  const waitMs = milliseconds(c, 'ms', { min: 0, max: 600_000, default: 1000 });
  c.var.scope.deadline.raise(Number.POSITIVE_INFINITY);
  await sleep(waitMs, undefined, { signal: c.var.signal });
  return c.json({ waitedMs: waitMs });
}

async function* pattern(sizeBytes: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let left = sizeBytes; left > 0; left -= block.length) {
    yield left < block.length ? block.subarray(0, left) : block;
  }
}

async function* spaced(
  chunks: number,
  sizeBytes: number,
  delayMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let n = 1; n <= chunks; n++) {
    yield block.subarray(0, sizeBytes);
    if (n < chunks && delayMs > 0) await sleep(delayMs, undefined, { signal });
  }
}
