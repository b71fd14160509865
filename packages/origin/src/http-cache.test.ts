import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handler } from 'hono';
import { type CacheableOptions, cacheable, uncacheable } from './http-cache.ts';
import { quietOrigin } from './origin.test-support.ts';
import type { Origin } from './origin.ts';
import { HttpProblem, notFound } from './problem.ts';
import type { OriginEnv } from './request-scope.ts';
import { serveOrigin } from './serve-origin.ts';

type Answer = Handler<OriginEnv, '/items/:id'>;

/** An origin with one route, which declares `options`. */
function start(options: CacheableOptions, handler: Answer = (c) => c.json({ id: 7 })) {
  const { app, lines } = quietOrigin();
  app.get('/items/:id', cacheable(options), handler);
  const get = async (headers: Record<string, string> = {}) => app.request('/items/7', { headers });
  return { app, lines, get };
}

/** The fields of an answer that are for caches. */
function toCaches({ headers }: Response) {
  const names = ['cache-control', 'cdn-cache-control', 'surrogate-key', 'vary'];
  return Object.fromEntries(
    names.map((name) => [name, headers.get(name)]).filter(([, value]) => value !== null),
  );
}

test('a successful answer carries what its route declares', async () => {
  const { get } = start({
    maxAge: '30s',
    audience: 'shared',
    tags: (c) => [`item:${c.req.param('id')}`, 'items'],
    vary: ['accept-language'],
  });
  assert.deepEqual(toCaches(await get()), {
    'cache-control': 'no-cache',
    'cdn-cache-control': 'max-age=30',
    'surrogate-key': 'item:7 items',
    vary: 'accept-language',
  });
});

test('errors, temporary redirects and answers with a cookie are not kept', async () => {
  const handlers: Record<string, Answer> = {
    'a 404': () => {
      throw notFound('there is no item 7');
    },
    'a defect': () => {
      throw new Error('boom');
    },
    'a 503': (c) => c.text('later', 503),
    'a redirect for now': (c) => c.redirect('/login'),
    'a cookie': (c) => {
      c.header('set-cookie', 'session=1');
      return c.text('hello');
    },
  };
  for (const [name, handler] of Object.entries(handlers)) {
    const { get } = start(
      { maxAge: '30s', audience: 'shared', tags: ['items'], etag: true },
      handler,
    );
    const answer = await get();
    assert.deepEqual(toCaches(answer), { 'cache-control': 'no-store' }, name);
    assert.equal(answer.headers.get('etag'), null, name);
  }
});

test('what is missing is kept when the route says so, with its tags', async () => {
  const { get } = start({ maxAge: '30s', negative: { maxAge: '2s' }, tags: ['items'] }, () => {
    throw notFound('there is no item 7');
  });
  const answer = await get();
  assert.equal(answer.status, 404);
  assert.deepEqual(toCaches(answer), { 'cache-control': 'max-age=2', 'surrogate-key': 'items' });
});

test('the handler has the last word', async () => {
  const own = start({ maxAge: '30s', audience: 'shared', tags: ['items'] }, (c) => {
    c.header('cache-control', 'max-age=5');
    c.header('surrogate-key', 'special');
    return c.text('hello');
  });
  assert.deepEqual(toCaches(await own.get()), {
    'cache-control': 'max-age=5',
    'surrogate-key': 'special, items',
  });
});

test('an answer its handler calls uncacheable is kept by nobody, even as a 404', async () => {
  const options = { maxAge: '30s', negative: { maxAge: '2s' }, tags: ['items'] } as const;
  const answers: Answer[] = [
    (c) => {
      uncacheable(c);
      return c.text('for you');
    },
    (c) => {
      uncacheable(c);
      throw notFound('not for you');
    },
    (c) => {
      c.header('cache-control', 'max-age=5');
      c.header('cdn-cache-control', 'max-age=5');
      uncacheable(c);
      return c.text('for you');
    },
  ];
  for (const handler of answers) {
    assert.deepEqual(toCaches(await start(options, handler).get()), {
      'cache-control': 'no-store',
    });
  }
});

test('an error says itself how long it may be kept', async () => {
  const { get } = start({ maxAge: '30s' }, () => {
    const headers = { 'cache-control': 'max-age=1' };
    throw new HttpProblem({
      status: 503,
      kind: 'busy',
      side: 'origin',
      retryable: true,
      detail: 'later',
      headers,
    });
  });
  assert.deepEqual(toCaches(await get()), { 'cache-control': 'max-age=1' });
});

test('Vary is joined with what the handler names, and nothing is named twice', async () => {
  const vary = ['accept-language', 'Accept-Encoding'];
  const some = start({ maxAge: '30s', vary }, (c) => {
    c.header('vary', 'accept-encoding, origin');
    return c.text('hello');
  });
  assert.equal((await some.get()).headers.get('vary'), 'accept-encoding, origin, accept-language');
  const all = start({ maxAge: '30s', vary }, (c) => {
    c.header('vary', '*');
    return c.text('hello');
  });
  assert.equal((await all.get()).headers.get('vary'), '*');
});

test('a request that may change something is left alone', async () => {
  const { app } = quietOrigin();
  app.use('/items/*', cacheable({ maxAge: '30s', tags: ['items'] }));
  app.post('/items/:id', (c) => c.text('written'));
  assert.deepEqual(toCaches(await app.request('/items/7', { method: 'POST' })), {});
});

test('an answer that was fetched from elsewhere and handed on is declared as well', async () => {
  const { get } = start({ maxAge: '30s', tags: ['items'] }, () => fetch('data:text/plain,hello'));
  const answer = await get();
  assert.equal(await answer.text(), 'hello');
  assert.deepEqual(toCaches(answer), { 'cache-control': 'max-age=30', 'surrogate-key': 'items' });
  assert.equal(answer.headers.get('content-type'), 'text/plain');
});

test('tags that cannot be told leave an answer that nobody keeps, and one line in the log', async () => {
  const wrong: CacheableOptions['tags'][] = [
    () => ['item 7'],
    () => ['a,b'],
    () => [''],
    () => Array.from({ length: 101 }, (_, i) => `tag:${i}`),
    () => Array.from({ length: 90 }, (_, i) => `${i}`.padEnd(200, 'x')),
    () => {
      throw new Error('no such column');
    },
  ];
  for (const tags of wrong) {
    const { get, lines } = start({ maxAge: '30s', audience: 'shared', ...(tags && { tags }) });
    for (let i = 0; i < 3; i++) {
      const answer = await get();
      assert.equal(answer.status, 200);
      assert.deepEqual(toCaches(answer), { 'cache-control': 'no-store' });
    }
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [['error', 'an answer is not cached, because its tags cannot be told']],
    );
  }
});

test('what is wrong in itself is refused when it is declared', () => {
  const maxAge = '30s';
  const tooMany = Array.from({ length: 101 }, (_, i) => `tag:${i}`);
  assert.throws(() => cacheable({ maxAge, tags: ['item 7'] }), /RangeError: a tag is .* "item 7"/);
  assert.throws(
    () => cacheable({ maxAge, tags: tooMany }),
    /RangeError: an answer can have 100 tags/,
  );
  assert.throws(() => cacheable({ maxAge: -1 }), /RangeError: maxAge/);
  assert.throws(
    () => cacheable({ maxAge, audience: 'browser', tags: ['a'] }),
    /TypeError: tags are/,
  );
});

for (const [etag, shape] of [
  [true, /^"[\w-]{27}"$/],
  ['weak', /^W\/"[\w-]{27}"$/],
] as const) {
  test(`who has an answer already is answered 304, with etag: ${etag}`, async () => {
    let text = 'one';
    const { get } = start({ maxAge: '30s', tags: ['items'], etag }, (c) => c.text(text));
    const first = await get();
    const tag = first.headers.get('etag') ?? '';
    assert.match(tag, shape);
    assert.equal(await first.text(), 'one');

    for (const has of [tag, `"other", ${tag}`, tag.replace('W/', ''), `W/${tag}`, '*']) {
      const again = await get({ 'if-none-match': has });
      assert.deepEqual([again.status, await again.text()], [304, ''], has);
      assert.equal(again.headers.get('etag'), tag);
      assert.equal(again.headers.get('content-type'), null);
      assert.deepEqual(toCaches(again), {
        'cache-control': 'max-age=30',
        'surrogate-key': 'items',
      });
    }
    text = 'two';
    const changed = await get({ 'if-none-match': tag });
    assert.deepEqual([changed.status, await changed.text()], [200, 'two']);
    assert.notEqual(changed.headers.get('etag'), tag);
  });
}

test('the ETag of the handler is the one that is compared', async () => {
  const { get } = start({ maxAge: '30s', etag: true }, (c) => {
    c.header('etag', '"v1"');
    return c.text('hello');
  });
  const answer = await get();
  assert.deepEqual([answer.headers.get('etag'), await answer.text()], ['"v1"', 'hello']);
  assert.equal((await get({ 'if-none-match': 'W/"v1"' })).status, 304);
  assert.equal((await get({ 'if-none-match': '"v"' })).status, 200);
});

test('a streamed answer is passed on as it comes, whole and without an ETag', async (t) => {
  const more = Promise.withResolvers<void>();
  const { app } = start({ maxAge: '30s', etag: true }, (c) =>
    c.body(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('one '));
          await more.promise;
          controller.enqueue(new TextEncoder().encode('two '));
          await sleep(5);
          controller.enqueue(new TextEncoder().encode('three'));
          controller.close();
        },
      }),
    ),
  );
  const { url } = await serve(t, app);
  const answer = await fetch(`${url}/items/7`);
  assert.equal(answer.headers.get('etag'), null);
  const reader = answer.body?.getReader();
  assert.equal(new TextDecoder().decode((await reader?.read())?.value), 'one ');
  more.resolve();
  let rest = '';
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    rest += new TextDecoder().decode(read.value);
  }
  assert.equal(rest, 'two three');
});

test('an answer above 1 MiB is whole and has no ETag', async () => {
  const { get } = start({ maxAge: '30s', etag: true }, (c) => c.body('x'.repeat(1024 * 1024 + 1)));
  const answer = await get();
  assert.equal(answer.headers.get('etag'), null);
  assert.equal((await answer.text()).length, 1024 * 1024 + 1);
});

test('on the wire an answer has its length, its ETag, and 304 has no body', async (t) => {
  const { app } = start({ maxAge: '30s', etag: true, tags: ['items'] });
  const { url } = await serve(t, app);
  const first = await fetch(`${url}/items/7`);
  assert.equal(await first.text(), '{"id":7}');
  assert.equal(first.headers.get('content-length'), '8');
  assert.equal(first.headers.get('content-type'), 'application/json');
  assert.equal(first.headers.get('cache-control'), 'max-age=30');
  const etag = first.headers.get('etag') ?? '';
  const again = await fetch(`${url}/items/7`, { headers: { 'if-none-match': etag } });
  assert.deepEqual([again.status, again.headers.get('content-length')], [304, null]);

  const head = await fetch(`${url}/items/7`, { method: 'HEAD' });
  assert.deepEqual([head.headers.get('etag'), head.headers.get('surrogate-key')], [etag, 'items']);
});

test('an answer that is piped from another server loses nothing', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', etag: '"theirs"' });
    response.write('begin ');
    setTimeout(() => response.end('end'), 5);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { app } = start({ maxAge: '30s', etag: true }, () => fetch(`http://127.0.0.1:${port}/`));
  const { url } = await serve(t, app);
  const answer = await fetch(`${url}/items/7`);
  assert.equal(await answer.text(), 'begin end');
  assert.equal(answer.headers.get('etag'), '"theirs"');
  assert.equal(answer.headers.get('cache-control'), 'max-age=30');
  const again = await fetch(`${url}/items/7`, { headers: { 'if-none-match': '"theirs"' } });
  assert.equal(again.status, 304);
});

async function serve(t: TestContext, app: Origin) {
  const served = await serveOrigin(app, { port: 0, lingerMs: 0, drainTimeoutMs: 1000 });
  t.after(() => served.close());
  return served;
}
