/** Messages in pieces, cut at every position: whoever reads them must come to the same result. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Script } from './recording-origin.ts';

/** Splits tried at a time: quick, and still so few that the edge reads the pieces one by one. */
const CONCURRENCY = 32;
const PAUSE_MS = 2;

/** Sends `pieces` one by one, each on its way before the next; stops when the peer has cut. */
export async function sendApart(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) await sleep(PAUSE_MS);
    if (!socket.writable) return;
    await new Promise<void>((resolve) => socket.write(piece, 'latin1', () => resolve()));
  }
}

/** `bytes` in two pieces, cut at every position, and at last byte by byte. */
export function splitsOf(bytes: string): string[][] {
  const splits = Array.from(bytes.slice(1), (_, i) => [bytes.slice(0, i + 1), bytes.slice(i + 1)]);
  return [...splits, [...bytes]];
}

/**
 * Calls `act` with `bytes` in one piece, then with every split, and throws unless all come to the
 * same outcome, which is returned.
 */
export async function sameForEverySplit(
  bytes: string,
  act: (pieces: readonly string[]) => Promise<string>,
): Promise<string> {
  const expected = await act([bytes]);
  const left = splitsOf(bytes);
  const tryRest = async () => {
    for (let pieces = left.pop(); pieces; pieces = left.pop()) {
      try {
        assert.deepEqual({ pieces, outcome: await act(pieces) }, { pieces, outcome: expected });
      } catch (cause) {
        left.length = 0;
        throw new Error(`sent as ${JSON.stringify(pieces)}`, { cause });
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: CONCURRENCY }, tryRest));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
  return expected;
}

/** An origin's script: answers with the request it received, ids left out. */
export const echo: Script = async (request) => {
  const body = await request.body;
  const fields = request.head.fields.map(([name, value]) => `${name}: ${value}`);
  const whole = [request.head.startLine, ...fields, '', body.toString('latin1')].join('\r\n');
  const text = withoutIds(whole);
  if (request.method !== 'HEAD') request.answer(text);
  else request.socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n`);
};

/** `bytes` as text, without what is another for every message: ids, traces and dates. */
export function withoutIds(bytes: string | Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/^(x-request-id|traceparent|date): .*\r\n/gim, '')
    .replace(/"requestId":"[^"]*"/g, '"requestId":""');
}
