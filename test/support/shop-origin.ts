/** An origin of the kit that declares what may be cached, and purges what it has changed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Program, startProgram, temporaryFolder } from './program.ts';

const kit = new URL('../../packages/origin/src/index.ts', import.meta.url).href;
const cache = new URL('../../packages/cache/src/index.ts', import.meta.url).href;

/** How it has edges forget: the edges it asks, or the Redis they share. */
export type ShopPurging =
  | { readonly edges: readonly { readonly url: string; readonly token?: string }[] }
  | { readonly redis: string; readonly prefix: string };

export interface ShopOrigin extends AsyncDisposable {
  readonly url: string;
  /** What it has written to its log so far. */
  readonly log: () => string;
}

/**
 * `GET /items/:id` tells the name of an item and how many answers were made before; `PUT
 * /names/:id?name=` names it, and purges `item:ID`; `GET /stock` changes with every item.
 */
export async function startShop(purging: ShopPurging): Promise<ShopOrigin> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const file = join(folder.path, 'main.mjs');
  await writeFile(file, source(purging));
  const program: Program = stack.use(startProgram(process.execPath, [file]));
  const [, url = ''] = await program.says(/^shop listening on (\S+)$/m);
  const owned = stack.move();
  return {
    url,
    log: () => program.output,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function source(purging: ShopPurging): string {
  return `
    import { cacheable, createOrigin, createPurger, notFound, purges, runOrigin }
      from ${JSON.stringify(kit)};
    import { createRedisStore } from ${JSON.stringify(cache)};

    const purging = ${JSON.stringify(purging)};
    const names = new Map([['1', 'lamp'], ['2', 'chair']]);
    let made = 0;

    await runOrigin({ name: 'shop', port: 0, lingerMs: 0, start });

    async function start() {
      const app = createOrigin({ name: 'shop' });
      const store = purging.redis && createRedisStore({ url: purging.redis, prefix: purging.prefix });
      const purger = createPurger({
        ...(store ? { store } : { edges: purging.edges }),
        registry: app.registry,
        waitMs: 300,
      });
      const rules = { maxAge: '1h', audience: 'shared', etag: true };
      const item = (c) => ['item:' + c.req.param('id'), 'stock'];
      app.get('/items/:id', cacheable({ ...rules, negative: { maxAge: '1h' }, tags: item }), (c) => {
        const name = names.get(c.req.param('id'));
        if (name === undefined) throw notFound('there is no such item');
        return c.json({ name, made: made++ });
      });
      app.get('/stock', cacheable({ ...rules, tags: ['stock'] }), (c) => c.json({ made: made++ }));
      app.put('/names/:id', purges(purger, (c) => ['item:' + c.req.param('id')]), (c) => {
        names.set(c.req.param('id'), c.req.query('name'));
        return c.text('named');
      });
      return {
        origin: app,
        async onClosed() {
          await purger.close();
          await store?.close();
        },
      };
    }
  `;
}
