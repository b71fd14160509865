/** What a route and the configuration decide about the cache. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counting, reply, startSite } from '../support/cached-site.ts';

test('a route that does not ask for it caches nothing and says nothing', async () => {
  await using plain = await startSite({ cache: false });
  const page = plain.page(counting('Cache-Control: max-age=60'));
  const first = await page.get();
  assert.equal(first.header('cache-status'), undefined);
  assert.equal((await page.get()).text, '#2');
});

test('larger answers than a route keeps are passed on whole, every time', async () => {
  await using small = await startSite({ cache: { maxBodySize: '1KiB' } });
  const long = 'x'.repeat(1_025);
  const says = (body: string, ...fields: string[]) =>
    small.page((request) =>
      reply(request, { body, fields: ['Cache-Control: max-age=60', ...fields] }),
    );
  const [large, fitting] = [says(long), says(long.slice(1))];
  const chunked = small.page(({ socket }) => {
    const head =
      'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n';
    socket.write(`${head}401\r\n${long}\r\n0\r\n\r\n`);
  });
  for (const page of [large, chunked]) {
    assert.equal((await page.get()).text, long);
    assert.equal((await page.get()).text, long);
    assert.equal(page.asked.length, 2);
  }
  await fitting.get();
  await fitting.get();
  assert.equal(fitting.asked.length, 1);
});

test('what is asked for stays when the memory is full of other answers', async () => {
  await using full = await startSite({
    cache: { maxBodySize: '64KiB' },
    rest: { cache: { memory: '1MiB' } },
  });
  const body = 'x'.repeat(60_000);
  const fields = ['Cache-Control: max-age=60'];
  const page = full.page((request) => reply(request, { body, fields }));
  for (let i = 0; i < 60; i++) {
    assert.equal((await page.send({ rest: `?${i}` })).body.length, body.length);
    assert.equal((await page.send({ rest: '?often' })).body.length, body.length);
  }
  const askedFor = (rest: string) =>
    page.asked.filter(({ target }) => target === page.path + rest).length;
  assert.equal(askedFor('?often'), 1);
  await page.send({ rest: '?0' });
  assert.equal(askedFor('?0'), 2);
});

test('only the parameters that are named make a page', async () => {
  await using keyed = await startSite({ cache: { key: { query: { only: ['id'] } } } });
  const page = keyed.page(counting('Cache-Control: max-age=60'));
  for (const rest of ['?id=1', '?id=1&utm=a', '?utm=b&id=1']) {
    assert.equal((await page.send({ rest })).text, '#1', rest);
  }
  assert.equal((await page.send({ rest: '?id=2' })).text, '#2');
});

test('parameters that are left out make no page', async () => {
  await using keyed = await startSite({ cache: { key: { query: { without: ['utm'] } } } });
  const page = keyed.page(counting('Cache-Control: max-age=60'));
  for (const rest of ['?id=1', '?id=1&utm=a', '?utm=b&id=1']) {
    assert.equal((await page.send({ rest })).text, '#1', rest);
  }
  assert.equal((await page.send({ rest: '?id=1&b=2' })).text, '#2');
});

test('a page may be without its query', async () => {
  await using keyed = await startSite({ cache: { key: { query: 'none' } } });
  const page = keyed.page(counting('Cache-Control: max-age=60'));
  for (const rest of ['?id=1', '', '?id=2']) assert.equal((await page.send({ rest })).text, '#1');
});

test('fields that are part of the key keep answers apart though the origin is silent', async () => {
  await using keyed = await startSite({ cache: { key: { headers: ['X-Tenant'] } } });
  const page = keyed.page((request) =>
    reply(request, {
      body: `for ${request.header('x-tenant')}`,
      fields: ['Cache-Control: max-age=60'],
    }),
  );
  for (let i = 0; i < 2; i++) {
    assert.equal((await page.get('X-Tenant: a')).text, 'for a');
    assert.equal((await page.get('X-Tenant: b')).text, 'for b');
    assert.equal((await page.get()).text, 'for undefined');
  }
  assert.equal(page.asked.length, 3);
});

test('what clients ask of the cache may be left unheard', async () => {
  await using deaf = await startSite({ cache: { clientDirectives: 'ignore' } });
  const page = deaf.page(counting('Cache-Control: max-age=60'));
  await page.get();
  for (const directive of ['no-cache', 'no-store', 'max-age=0']) {
    assert.equal((await page.get(`Cache-Control: ${directive}`)).text, '#1', directive);
  }
});

test('what the cache did may be left untold', async () => {
  await using silent = await startSite({ cache: { status: false } });
  const page = silent.page(counting('Cache-Control: max-age=60'));
  for (let i = 0; i < 2; i++) {
    const response = await page.get();
    assert.equal(response.text, '#1');
    assert.equal(response.header('cache-status'), undefined);
  }
});

test('heuristic freshness is a share of the time since the last change', async () => {
  await using guessing = await startSite({ cache: { heuristic: true } });
  const old = guessing.page(counting('Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT'));
  const undated = guessing.page(counting());
  for (const page of [old, undated]) await page.get();
  assert.equal((await old.get()).text, '#1');
  assert.equal((await undated.get()).text, '#2');
});

test('a configuration that is reloaded leaves what is kept', async () => {
  await using reloaded = await startSite();
  const page = reloaded.page(counting('Cache-Control: max-age=60'));
  await page.get();
  await reloaded.proxy.reload({
    services: { app: { upstreams: [{ url: reloaded.origin.url }] } },
    routes: [{ service: 'app', cache: { staleIfError: '1m' } }],
  });
  assert.equal((await page.get()).text, '#1');
  assert.equal(page.asked.length, 1);
});

test('a route that caches no more after a reload answers nothing from memory', async () => {
  await using reloaded = await startSite();
  const page = reloaded.page(counting('Cache-Control: max-age=60'));
  await page.get();
  await reloaded.proxy.reload({
    services: { app: { upstreams: [{ url: reloaded.origin.url }] } },
    routes: [{ service: 'app' }],
  });
  assert.equal((await page.get()).text, '#2');
});
