// Owns content codings of answers (RFC 9110 §8.4, §12.5.3): which one, of what, and without a delay.
import { pipeline, Readable, type Transform } from 'node:stream';
import type { ReadableStreamReadResult } from 'node:stream/web';
import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  zstdCompress,
} from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import { replace } from './http-cache-etag.ts';
import type { OriginEnv } from './request-scope.ts';

/** A coding this side can make. */
export type Coding = 'zstd' | 'br' | 'gzip';

/** What is compressed. */
export interface CompressionOptions {
  /** Answers below this many bytes are sent as they are. Default 1024. */
  readonly minBytes?: number;
  /** In order of preference where the client has none. Default: zstd, br, gzip. */
  readonly codings?: readonly Coding[];
}

interface Coder {
  whole(bytes: Uint8Array): Promise<Buffer>;
  /** Everything written comes out at once: readers of a stream do not wait for a full block. */
  stream(): Transform;
}

const brotliQuality = { [constants.BROTLI_PARAM_QUALITY]: 4 };

const coders: Readonly<Record<Coding, Coder>> = {
  zstd: {
    whole: promisify<Uint8Array, Buffer>(zstdCompress),
    stream: () => createZstdCompress({ flush: constants.ZSTD_e_flush }),
  },
  br: {
    whole: (bytes) => promisify(brotliCompress)(bytes, { params: brotliQuality }),
    stream: () =>
      createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH, params: brotliQuality }),
  },
  gzip: {
    whole: promisify<Uint8Array, Buffer>(gzip),
    stream: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
  },
};

/**
 * Middleware that compresses what shrinks and is worth it. Left alone are answers that are small,
 * encoded already, a part of something (206), marked `no-transform`, or server-sent events.
 */
export function compression({
  minBytes = 1024,
  codings = ['zstd', 'br', 'gzip'],
}: CompressionOptions = {}): MiddlewareHandler<OriginEnv> {
  return async (c, next) => {
    await next();
    if (!mayBeEncoded(c)) return;
    if (!/(?:^|,)\s*(?:accept-encoding|\*)\s*(?:,|$)/i.test(c.res.headers.get('vary') ?? '')) {
      c.header('vary', 'accept-encoding', { append: true });
    }
    const coding = chooseCoding(c.req.header('accept-encoding') ?? '', codings);
    const length = c.res.headers.get('content-length');
    if (coding === undefined || c.req.method === 'HEAD') return;
    if (length !== null && Number(length) < minBytes) return;
    const { body } = c.res;
    if (body !== null) await encode(c, body, coding, minBytes);
  };
}

/**
 * The best of `codings` by the client's own order (RFC 9110 §12.5.3); undefined where it takes
 * none of them, or likes the plain answer better.
 */
export function chooseCoding(accept: string, codings: readonly Coding[]): Coding | undefined {
  const weights = new Map<string, number>();
  for (const member of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, weightOf(weight));
  }
  let best: Coding | undefined;
  let bestWeight = weights.get('identity') ?? 0;
  for (const coding of codings) {
    const weight = weights.get(coding) ?? weights.get('*') ?? 0;
    if (weight > bestWeight || (weight === bestWeight && weight > 0 && best === undefined)) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

function weightOf(text: string | undefined): number {
  if (text === undefined) return 1;
  const weight = Number(text);
  return weight >= 0 && weight <= 1 ? weight : 0;
}

const compressible =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|wasm|x-ndjson|[\w.-]+\+(?:json|xml))|image\/svg\+xml|font\/(?:ttf|otf))/i;

function mayBeEncoded(c: Context): boolean {
  const { status, headers } = c.res;
  if (status === 204 || status === 206 || status === 304 || status < 200) return false;
  if (headers.has('content-encoding')) return false;
  if (/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(headers.get('cache-control') ?? '')) return false;
  return compressible.test(headers.get('content-type') ?? '');
}

/** Replaces the answer by an encoded one; a small one, whose size shows only now, by itself. */
async function encode(
  c: Context,
  body: ReadableStream<Uint8Array>,
  coding: Coding,
  minBytes: number,
): Promise<void> {
  const reader = body.getReader();
  const first = await reader.read();
  if (first.done) return send(c, null);
  const second = reader.read();
  second.catch(() => {});
  if (await isEnd(second)) {
    if (first.value.byteLength < minBytes) return send(c, new Uint8Array(first.value));
    const bytes = await coders[coding].whole(first.value);
    return send(c, new Uint8Array(bytes), { coding, sizeBytes: bytes.byteLength });
  }
  const transform = coders[coding].stream();
  // The error is the transform's too, and from there the answer's.
  pipeline(Readable.fromWeb(rest(reader, first.value, second)), transform, () => {});
  send(c, Readable.toWeb(transform) as ReadableStream<Uint8Array>, { coding });
}

/** Whether nothing more comes; a stream that has more, or not yet, is none of the whole ones. */
async function isEnd(next: Promise<ReadableStreamReadResult<Uint8Array>>): Promise<boolean> {
  const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
  const result = await Promise.race([next, turn]).catch(() => undefined);
  return result?.done === true;
}

/** What was read, and then what is still to come. */
function rest(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  first: Uint8Array,
  second: Promise<ReadableStreamReadResult<Uint8Array>>,
): ReadableStream<Uint8Array> {
  let pending: Promise<ReadableStreamReadResult<Uint8Array>> | undefined = second;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(first),
      async pull(controller) {
        const { done, value } = await (pending ?? reader.read());
        pending = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Puts `body` in the place of the answer's own. */
function send(
  c: Context,
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null,
  encoded?: { readonly coding: Coding; readonly sizeBytes?: number },
): void {
  const { status, statusText } = c.res;
  const headers = new Headers(c.res.headers);
  if (encoded !== undefined) {
    headers.set('content-encoding', encoded.coding);
    headers.delete('accept-ranges');
    if (encoded.sizeBytes === undefined) headers.delete('content-length');
    else headers.set('content-length', String(encoded.sizeBytes));
    const etag = headers.get('etag');
    if (etag?.startsWith('"')) headers.set('etag', `W/${etag}`);
  }
  replace(c, new Response(body, { status, statusText, headers }));
}
