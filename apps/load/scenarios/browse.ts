/**
 * People who look through the feed and open what they have not read yet. `pnpm dev` first; then
 * `headgate-load run apps/load/scenarios/browse.ts`.
 */
import { defineScenario, type FlowContext, ramp } from '@headgate/load';

interface Feed {
  readonly items: readonly { readonly id: number }[];
  readonly partial: boolean;
}

interface Item {
  readonly id: number;
  readonly post: { readonly title: string } | null;
}

/** What `setup` finds out, for everybody. */
interface Data {
  readonly ids: readonly number[];
}

/** What each user remembers. */
interface Reader {
  readonly read: Set<number>;
}

export const scenario = defineScenario<Data, Reader>({
  target: 'http://127.0.0.1:8080',
  users: ramp({ from: 1, to: 50, over: '10s', hold: '20s' }),
  thinkTime: ['500ms', '2s'],
  headers: { accept: 'application/json' },
  async setup({ http }) {
    const feed = (await http.get('/feed?count=50')).json<Feed>();
    return { ids: feed.items.map(({ id }) => id) };
  },
  user: () => ({ read: new Set() }),
  flows: {
    browse: {
      weight: 3,
      async run(context: FlowContext<Data, Reader>) {
        const { http, user, random, think } = context;
        const feed = (await http.get('/feed?count=10')).json<Feed>();
        context.check(feed.items.length > 0, 'the feed is empty');
        const unread = feed.items.filter(({ id }) => !user.read.has(id));
        const next = unread[Math.floor(random() * unread.length)];
        if (next === undefined) return user.read.clear();
        await think(['200ms', '1s']);
        // A name of its own: a step for each item would say little.
        const item = (await http.get(`/items/${next.id}`, { name: 'GET /items/:id' })).json<Item>();
        context.check(item.id === next.id, 'another item than the one asked for');
        user.read.add(next.id);
      },
    },
    search: {
      async run(context: FlowContext<Data, Reader>) {
        const { http, data, random } = context;
        const id = data.ids[Math.floor(random() * data.ids.length)] ?? 1;
        const [item, gone] = await Promise.all([
          http.get(`/items/${id}`, { name: 'GET /items/:id' }),
          http.get('/items/none', { name: 'GET /items/none', expect: 422 }),
        ]);
        context.check(item.json<Item>().post !== null, 'an item without its post');
        context.check(gone.text().includes('whole number'), 'a refusal that does not say why');
      },
    },
  },
  thresholds: ['errors < 0.1%', 'browse: p95 < 500ms'],
});
