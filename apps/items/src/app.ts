// Owns the routes of the items origin.
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheable, createOrigin, createRoutes, type Origin, uncacheable } from '@headgate/origin';
import { feedRoute, readFeed } from './feed.ts';
import { itemRoute, readItem } from './item.ts';
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

/** The items origin: `/items/{id}` and `/feed?count=&from=`. */
export function createItemsApp(deps: ItemsDeps): Origin {
  return createOrigin({
    name: 'items',
    deadlineMs: deps.deadlineMs,
    routes: createItemRoutes(deps),
    docs: { description: 'Answers composed from the calls of a partner.' },
  });
}

function createItemRoutes({ parts, instance, feedConcurrency, extraLatencyMs }: ItemsDeps) {
  const itemsAreCacheable = cacheable({
    maxAge: '5s',
    // Whoever looks from a browser wants to see who answers now.
    audience: 'shared',
    tags: (c) => [`item:${Number(c.req.param('id'))}`, 'items'],
  });

  return createRoutes()
    .openapi({ ...itemRoute, middleware: itemsAreCacheable }, async (c) => {
      const { scope } = c.env;
      if (extraLatencyMs > 0) await sleep(extraLatencyMs, undefined, { signal: scope.signal });
      const item = await readItem(c.req.valid('param').id, parts, scope);
      if (item.partial) uncacheable(c);
      return c.json({ ...item, servedBy: instance }, 200);
    })
    .openapi(feedRoute, async (c) => {
      const { scope } = c.env;
      if (extraLatencyMs > 0) await sleep(extraLatencyMs, undefined, { signal: scope.signal });
      const feed = await readFeed(c.req.valid('query'), feedConcurrency, parts, scope);
      return c.json({ ...feed, servedBy: instance }, 200);
    });
}
