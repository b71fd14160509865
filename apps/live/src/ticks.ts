// Owns the endless stream: server-sent events at an interval.
import { setTimeout as sleep } from 'node:timers/promises';
import { createRoutes, route, type ServerSentEvent, sse, z } from '@headgate/origin';
import { milliseconds, wholeNumber } from './parameters.ts';

const readTicks = route({
  method: 'get',
  path: '/live/ticks',
  summary: 'Server-sent events at an interval, the first one at once',
  tags: ['streams'],
  request: {
    query: z.object({
      interval: milliseconds({ min: 1, max: 60_000, default: 1000 }),
      count: wholeNumber({ min: 0, max: 1_000_000, default: 0 }),
    }),
  },
  responses: {
    200: {
      description: 'So many ticks; with a count of 0, until the client leaves',
      content: { 'text/event-stream': { schema: z.string() } },
    },
  },
});

/** `GET /live/ticks?interval=20ms&count=`. */
export const tickRoutes = createRoutes().openapi(readTicks, (c) => {
  const { interval, count } = c.req.valid('query');
  return sse(c, (over) => tickEvents(interval, count || Number.POSITIVE_INFINITY, over));
});

async function* tickEvents(
  intervalMs: number,
  count: number,
  over: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  for (let n = 1; n <= count && !over.aborted; n++) {
    yield { id: String(n), event: 'tick', data: { n } };
    if (n < count) await sleep(intervalMs, undefined, { signal: over }).catch(() => {});
  }
}
