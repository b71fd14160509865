/** A plain client of a server that says what the test wants, and what became of its requests. */
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { serveTcp } from '../flows/client.test-support.ts';
import { Recording, type TakenCounts } from '../recording.ts';
import { PlainClient, type PlainClientOptions } from './plain-client.ts';
import { SourcePorts } from './source-ports.ts';

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Called with all of a request that came in one piece; connections are counted from 0. */
export type Answer = (socket: Socket, request: string, connection: number) => void;

export async function serveRaw(t: TestContext, answer: Answer) {
  const requests: { connection: number; text: string }[] = [];
  const sockets: Socket[] = [];
  const url = await serveTcp(t, (socket) => {
    const connection = sockets.push(socket) - 1;
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      requests.push({ connection, text });
      answer(socket, text, connection);
    });
  });
  return { port: Number(url.port), requests, sockets };
}

export function createClient(
  t: TestContext,
  port: number,
  options: Partial<PlainClientOptions> = {},
) {
  const now = () => performance.now();
  const recording = new Recording(now, 10_000);
  const series = recording.series('flow', 'plain');
  const client = new PlainClient({
    host: '127.0.0.1',
    port,
    recording,
    now,
    timeoutMs: 10_000,
    slowBytesPerS: undefined,
    sources: new SourcePorts([], 0, 1),
    maxConnecting: Number.POSITIVE_INFINITY,
    ...options,
  });
  t.after(() => client.close('cut'));
  /** Begins a request; resolves when it has ended. */
  const ask = (method = 'GET') => {
    const asked = { ends: [] as boolean[], ended: Promise.resolve() };
    asked.ended = new Promise<void>((resolve) => {
      const owner = {
        flowEnded(hasFailed = false) {
          asked.ends.push(hasFailed);
          resolve();
        },
      };
      const text = `${method} / HTTP/1.1\r\nhost: a\r\n\r\n`;
      const isExpected = (status: number) => status < 400;
      client.begin({ series, text, method, owner, isExpected }, now());
    });
    return asked;
  };
  return { client, recording, series, ask };
}

/** What ended since the last time, as `200`, `!503` or `!reset`, with how often. */
export function outcomes({ series }: TakenCounts): Record<string, number> {
  const all = series.flatMap(({ statuses }) => statuses);
  return Object.fromEntries(
    all.map(({ status, isFailure, count }) => [`${isFailure ? '!' : ''}${status}`, count]),
  );
}

/** Waits until something is so; the test's own time limit bounds it. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isSo(); i++) await pause(10);
  if (!isSo()) throw new Error(`not so after 5 s: ${isSo}`);
}
