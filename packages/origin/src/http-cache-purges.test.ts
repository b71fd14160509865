import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PurgeError } from './http-cache-purge-error.ts';
import type { PurgeOptions, Purger } from './http-cache-purger.ts';
import { purges } from './http-cache-purges.ts';
import { quietOrigin } from './origin.test-support.ts';
import { badRequest } from './problem.ts';

/** A purger that notes what it is asked for, and takes it as told. */
function start(take: (tags: readonly string[]) => Promise<void> = async () => {}) {
  const asked: { readonly tags: readonly string[]; readonly options: PurgeOptions | undefined }[] =
    [];
  const purger: Purger = {
    async purgeTags(tags, options) {
      asked.push({ tags, options });
      await take(tags);
    },
    purgePrefix: async () => {},
    purgeAll: async () => {},
    flush: async () => {},
    close: async () => {},
  };
  return { purger, asked, ...quietOrigin() };
}

test('a write that succeeds is answered when its tags have been purged', async () => {
  const order: string[] = [];
  const { app, purger, asked } = start(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push('purged');
  });
  app.put(
    '/items/:id',
    purges(purger, (c) => [`item:${c.req.param('id')}`]),
    (c) => {
      order.push('written');
      return c.text('ok');
    },
  );
  const answer = await app.request('/items/7', { method: 'PUT' });
  order.push('answered');
  assert.equal(answer.status, 200);
  assert.deepEqual(order, ['written', 'purged', 'answered']);
  assert.deepEqual(
    asked.map(({ tags }) => tags),
    [['item:7']],
  );
  const { waitMs = 0 } = asked[0]?.options ?? {};
  assert.ok(waitMs > 0 && waitMs <= 5000, `it may wait ${waitMs} ms`);
});

test('only what may have changed something, and has succeeded, is purged after', async () => {
  const { app, purger, asked } = start();
  app.use(purges(purger, ['items']));
  app.get('/', (c) => c.text('read'));
  app.post('/moved', (c) => c.redirect('/', 303));
  app.post('/wrong', () => {
    throw badRequest('no such item');
  });
  app.post('/broken', () => {
    throw new Error('boom');
  });
  app.on('FROB', '/', (c) => c.body(null, 204));
  const statusOf = async (method: string, path: string) =>
    (await app.request(path, { method })).status;
  const counts: [number, number][] = [];
  for (const [method, path] of [
    ['GET', '/'],
    ['HEAD', '/'],
    ['POST', '/wrong'],
    ['POST', '/broken'],
    ['POST', '/moved'],
    ['FROB', '/'],
  ] as const) {
    counts.push([await statusOf(method, path), asked.length]);
  }
  assert.deepEqual(counts, [
    [200, 0],
    [200, 0],
    [400, 0],
    [500, 0],
    [303, 1],
    [204, 2],
  ]);
});

test('a write is answered as ever when an edge does not take the purge', async () => {
  const { app, purger, lines } = start(async () => {
    throw new PurgeError('not purged everywhere', ['edge']);
  });
  app.post('/', purges(purger, ['items']), (c) => c.text('written'));
  const answer = await app.request('/', { method: 'POST' });
  assert.deepEqual([answer.status, await answer.text()], [200, 'written']);
  assert.deepEqual(lines, []);
});

test('tags that cannot be told fail no write, and the good ones among them are purged', async () => {
  const { app, purger, asked, lines } = start();
  app.post(
    '/some',
    purges(purger, () => ['item:7', 'item 8']),
    (c) => c.text('written'),
  );
  app.post(
    '/none',
    purges(purger, () => {
      throw new Error('no such column');
    }),
    (c) => c.text('written'),
  );
  for (const path of ['/some', '/none']) {
    assert.equal((await app.request(path, { method: 'POST' })).status, 200);
  }
  assert.deepEqual(asked[0]?.tags, ['item:7']);
  assert.deepEqual(
    lines.map(({ message, fields }) => [message, String((fields as { error: unknown }).error)]),
    [
      [
        'what was written is not purged; it stays cached for its time',
        'RangeError: a tag is 1 to 256 visible ASCII characters without spaces and commas, such as item:7, not "item 8"',
      ],
      ['what was written is not purged; it stays cached for its time', 'Error: no such column'],
    ],
  );
  assert.throws(() => purges(purger, ['item 7']), /RangeError: a tag is/);
});
