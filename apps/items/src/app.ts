// Owns the routes of the items origin.
import { setTimeout as sleep } from 'node:timers/promises';
import { badRequest, cacheable, createOrigin, type Origin, uncacheable } from '@headgate/origin';
import { readFeed } from './feed.ts';
import { readItem } from './item.ts';
import type { PartSource } from './parts.ts';

/** What the items origin is made of. */
export interface ItemsDeps {
  parts: PartSource;
  /** Name of this process, in every answer. */
  instance: string;
  /** Partner calls one feed makes at once. */
  feedConcurrency: number;
  /** Milliseconds every answer is held back, to play a slow instance. */
  extraLatencyMs: number;
  /** Budget of a request in milliseconds. */
  deadlineMs: number;
}

const maxItemId = 2 ** 31 - 1;
const maxFeedCount = 100;

/** The items origin: `/items/:id` and `/feed?count=&from=`. */
export function createItemsApp(deps: ItemsDeps): Origin {
  const { parts, instance, feedConcurrency, extraLatencyMs, deadlineMs } = deps;
  const app = createOrigin({ name: 'items', deadlineMs });
  const holdBack = async (signal: AbortSignal) => {
    if (extraLatencyMs > 0) await sleep(extraLatencyMs, undefined, { signal });
  };

  const itemsAreCacheable = cacheable<'/items/:id'>({
    maxAge: '5s',
    // Whoever looks from a browser wants to see who answers now.
    audience: 'shared',
    tags: (c) => [`item:${Number(c.req.param('id'))}`, 'items'],
  });
  app.get('/items/:id', itemsAreCacheable, async (c) => {
    const id = wholeNumber('id', c.req.param('id'), maxItemId);
    await holdBack(c.env.scope.signal);
    const item = await readItem(id, parts, c.env.scope);
    if (item.partial) uncacheable(c);
    return c.json({ ...item, servedBy: instance });
  });
  app.get('/feed', async (c) => {
    const count = wholeNumber('count', c.req.query('count') ?? String(maxFeedCount), maxFeedCount);
    const from = wholeNumber('from', c.req.query('from') ?? '1', maxItemId - maxFeedCount);
    await holdBack(c.env.scope.signal);
    const feed = await readFeed({ from, count }, feedConcurrency, parts, c.env.scope);
    return c.json({ ...feed, servedBy: instance });
  });
  return app;
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw badRequest(`${name} must be a whole number from 1 to ${max}, not ${JSON.stringify(text)}`);
}
