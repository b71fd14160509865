// Owns the endless stream: server-sent events at an interval (WHATWG HTML §9.2).
import { setTimeout as sleep } from 'node:timers/promises';
import type { OriginEnv } from '@headgate/origin';
import type { Context } from 'hono';
import { milliseconds, wholeNumber } from './parameters.ts';

/** `GET ?interval=20ms&count=`: `count` ticks (0: until the client leaves), the first one at once. */
export function ticks(c: Context<OriginEnv>): Response {
  const intervalMs = milliseconds(c, 'interval', { min: 1, max: 60_000, default: 1000 });
  const count = wholeNumber(c, 'count', { min: 0, max: 1_000_000, default: 0 });
  const { scope, signal, draining } = c.var;
  scope.deadline.raise(Number.POSITIVE_INFINITY);
  const events = tickEvents(intervalMs, count || Number.POSITIVE_INFINITY, signal, draining);
  return c.body(ReadableStream.from(events), 200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
  });
}

/** The events as UTF-8; ends early, and cleanly, when `signal` or `draining` aborts. */
async function* tickEvents(
  intervalMs: number,
  count: number,
  signal: AbortSignal,
  draining: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const over = AbortSignal.any([signal, draining]);
  for (let n = 1; n <= count && !over.aborted; n++) {
    yield encoder.encode(`id: ${n}\nevent: tick\ndata: {"n":${n}}\n\n`);
    if (n < count) await sleep(intervalMs, undefined, { signal: over }).catch(() => {});
  }
}
