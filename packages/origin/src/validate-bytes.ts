// Owns how the body of a request comes into memory: counted while it is read, and never in vain.
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { clientGone } from './deadline.ts';
import { HttpProblem } from './problem.ts';
import type { OriginEnv, RequestScope } from './request-scope.ts';

/**
 * The whole body, at most `maxBytes` long.
 * @throws HttpProblem 413 above that, before anything is read where the length is told; the
 *   reason of the request's signal when the deadline passes or the client leaves meanwhile
 */
export async function readBytes(c: Context<OriginEnv>, maxBytes: number): Promise<Buffer> {
  if (Number(c.req.header('content-length')) > maxBytes) throw tooLarge(maxBytes);
  const { scope, incoming } = c.env;
  if (incoming !== undefined && isUntouched(incoming)) {
    return readIncoming(incoming, scope, maxBytes);
  }
  const isInMemory = Object.keys(c.req.bodyCache).length > 0;
  const body = isInMemory ? new Blob([await c.req.arrayBuffer()]).stream() : c.req.raw.body;
  return body === null ? Buffer.alloc(0) : readStream(body, scope.signal, maxBytes);
}

/** Nobody has begun to read: then the socket's own stream is several times cheaper than a web stream. */
function isUntouched(incoming: IncomingMessage): boolean {
  return !incoming.readableDidRead && incoming.readableFlowing === null && !incoming.destroyed;
}

function readIncoming(
  incoming: IncomingMessage,
  scope: RequestScope,
  maxBytes: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let signal: AbortSignal | undefined;
    const settle = (error?: unknown) => {
      incoming.off('data', onData).off('end', settle).off('error', onGone).off('close', onGone);
      signal?.removeEventListener('abort', onAbort);
      clearImmediate(turn);
      if (error !== undefined) reject(error);
      else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    };
    const onData = (chunk: Buffer) => {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) {
        incoming.pause();
        settle(tooLarge(maxBytes));
      } else chunks.push(chunk);
    };
    const onGone = () => settle(clientGone());
    const onAbort = () => {
      incoming.pause();
      settle(signal?.reason);
    };
    incoming.on('data', onData).on('end', settle).on('error', onGone).on('close', onGone);
    // Most bodies come along with their heads, and are here by then: they need no deadline.
    const turn = setImmediate(() => {
      signal = scope.signal;
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  });
}

async function readStream(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  maxBytes: number,
): Promise<Buffer> {
  const reader = body.getReader();
  const onAbort = () => reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) break;
      sizeBytes += value.byteLength;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(value);
    }
    signal.throwIfAborted();
    return Buffer.concat(chunks);
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem({
    status: 413,
    kind: 'too-large',
    side: 'client',
    retryable: false,
    detail: `the body is larger than the ${maxBytes} bytes this route takes`,
  });
}
