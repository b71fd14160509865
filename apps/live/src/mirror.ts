// Owns the routes that show a request as it arrived, for whoever wants to see what a proxy sent on.
import { HttpProblem, type OriginEnv } from '@headgate/origin';
import type { Context } from 'hono';

const maxBodyBytes = 1024 * 1024;

/** The request headers as `[name, value]`, in order, with case and repetition as received. */
export function headers(c: Context<OriginEnv>): Response {
  return c.json({ headers: receivedHeaders(c) });
}

/** Method, path, headers and body of the request; a body that is not UTF-8 comes as base64. */
export async function echo(c: Context<OriginEnv>): Promise<Response> {
  const body = await readBody(c);
  return c.json({
    method: c.req.method,
    path: receivedPath(c),
    headers: receivedHeaders(c),
    ...asText(body),
  });
}

function receivedHeaders(c: Context<OriginEnv>): [string, string][] {
  const raw = c.env?.incoming?.rawHeaders;
  if (raw === undefined) return [...c.req.raw.headers];
  const list: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) list.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return list;
}

function receivedPath(c: Context<OriginEnv>): string {
  const { pathname, search } = new URL(c.req.url);
  return c.env?.incoming?.url ?? pathname + search;
}

async function readBody(c: Context<OriginEnv>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): HttpProblem {
  return new HttpProblem({
    status: 413,
    kind: 'too-large',
    side: 'client',
    retryable: false,
    detail: `the body is larger than ${maxBodyBytes} bytes; /live/upload takes any size`,
  });
}

function asText(body: Buffer): { body: string; encoding: 'utf8' | 'base64' } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    return { body: text, encoding: 'utf8' };
  } catch {
    return { body: body.toString('base64'), encoding: 'base64' };
  }
}
