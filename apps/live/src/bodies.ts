// Owns large and slow bodies, out and in, each in constant memory.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRoutes, json, route, z } from '@headgate/origin';
import { milliseconds, wholeNumber } from './parameters.ts';

// Byte i of a body is i mod 251: a prime, so that a shifted or repeated piece shows.
const period = 251;
const block = Uint8Array.from({ length: period * 256 }, (_, index) => index % period);
const octets = { 'content-type': 'application/octet-stream' };

const bytes = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
});
/** A body that makes progress may take as long as it likes. */
const common = { tags: ['bodies'], deadlineMs: Number.POSITIVE_INFINITY };

const download = route({
  ...common,
  method: 'get',
  path: '/live/download',
  summary: 'That many bytes, as fast as the client reads',
  request: {
    query: z.object({
      bytes: wholeNumber({ min: 0, max: 10 * 1024 ** 3, default: 1024 ** 2 }),
    }),
  },
  responses: { 200: bytes('Byte i is i mod 251') },
});

const stream = route({
  ...common,
  method: 'get',
  path: '/live/stream',
  summary: 'Chunks with a pause in between, without a length',
  request: {
    query: z.object({
      chunks: wholeNumber({ min: 1, max: 100_000, default: 10 }),
      size: wholeNumber({ min: 1, max: block.length, default: 1024 }),
      delay: milliseconds({ min: 0, max: 60_000, default: 100 }),
    }),
  },
  responses: { 200: bytes('The chunks') },
});

const slow = route({
  ...common,
  method: 'get',
  path: '/live/slow',
  summary: 'An answer after that time',
  request: { query: z.object({ ms: milliseconds({ min: 0, max: 600_000, default: 1000 }) }) },
  responses: { 200: json(z.object({ waitedMs: z.number() }), 'How long it took') },
});

// The body is read as it comes, whatever its size, so it is not declared as one to validate.
const upload = route({
  ...common,
  method: 'post',
  path: '/live/upload',
  summary: 'Counts and hashes a body of any size',
  responses: { 200: json(z.object({ bytes: z.int(), sha256: z.string() }), 'What has come') },
});

/** `/live/download`, `/live/stream`, `/live/slow` and `/live/upload`. */
export const bodyRoutes = createRoutes()
  .openapi(download, (c) => {
    const sizeBytes = c.req.valid('query').bytes;
    const headers = { ...octets, 'content-length': String(sizeBytes) };
    return c.body(ReadableStream.from(pattern(sizeBytes)), 200, headers);
  })
  .openapi(stream, (c) => {
    const { chunks, size, delay } = c.req.valid('query');
    const pieces = spaced(chunks, size, delay, c.env.scope.signal);
    return c.body(ReadableStream.from(pieces), 200, octets);
  })
  .openapi(slow, async (c) => {
    const { ms: waitedMs } = c.req.valid('query');
    await sleep(waitedMs, undefined, { signal: c.env.scope.signal });
    return c.json({ waitedMs }, 200);
  })
  .openapi(upload, async (c) => {
    const sha256 = createHash('sha256');
    let bytes = 0;
    for await (const chunk of c.req.raw.body ?? []) {
      bytes += chunk.byteLength;
      sha256.update(chunk);
    }
    return c.json({ bytes, sha256: sha256.digest('hex') }, 200);
  });

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
