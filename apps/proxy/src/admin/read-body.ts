/** Reads the small JSON bodies of changes. */
import type { IncomingMessage } from 'node:http';
import type { Problem } from './answer.ts';

const MAX_BODY_BYTES = 64 * 1_024;

export type Body =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: Problem };

/** The object in the body; an empty body is an empty object. Rejects when the client goes away. */
export async function readBody(message: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Leaving the loop early must not destroy the connection: the refusal is yet to be sent.
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_BODY_BYTES) return refuse(413, 'Too large', 'a change fits into 64 KiB');
    chunks.push(bytes);
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  if (text === '') return { ok: true, value: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(400, 'Malformed JSON', `the body is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(
      400,
      'Not an object',
      'the body is to be a JSON object such as {"action":"drain"}',
    );
  }
  return { ok: true, value: value as Record<string, unknown> };
}

function refuse(status: number, title: string, detail: string): Body {
  return { ok: false, problem: { status, title, detail } };
}
