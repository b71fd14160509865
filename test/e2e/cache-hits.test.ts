/** What is answered from memory, and what the answer says of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheStatus } from '../support/cache-status.ts';
import { type CachedSite, counting, reply, startSite } from '../support/cached-site.ts';
import { valuesOf } from '../support/http-message.ts';
import { exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';

let site: CachedSite;

before(async () => {
  site = await startSite();
});

after(() => site[Symbol.asyncDispose]());

test('an answer that says how long it is fresh is fetched once', async () => {
  const page = site.page(counting('Cache-Control: max-age=60'));
  assert.equal((await page.get()).text, '#1');
  assert.equal((await page.get()).text, '#1');
  assert.equal((await page.get()).text, '#1');
  assert.equal(page.asked.length, 1);
});

test('a hit has the fields of the answer it repeats', async () => {
  const page = site.page(
    counting('Cache-Control: max-age=60', 'ETag: "a"', 'X-Kind: one', 'X-Kind: two', 'Server: toy'),
  );
  const first = await page.get();
  const second = await page.get();
  for (const name of ['cache-control', 'etag', 'x-kind', 'server', 'content-length', 'date']) {
    assert.deepEqual(valuesOf(second.head, name), valuesOf(first.head, name), name);
  }
  assert.equal(valuesOf(first.head, 'date').length, 1);
  assert.deepEqual(valuesOf(second.head, 'x-kind'), ['one', 'two']);
  assert.notEqual(second.header('x-request-id'), first.header('x-request-id'));
});

test('a hit says its age, which grows', async () => {
  const page = site.page(counting('Cache-Control: max-age=600', 'Age: 100'));
  await page.get();
  const age = Number((await page.get()).header('age'));
  assert.ok(age >= 100, `${age}`);
  await sleep(1_100);
  const later = Number((await page.get()).header('age'));
  assert.ok(later > age, `${later} after ${age}`);
  assert.equal(page.asked.length, 1);
});

test('what the cache did is told', async () => {
  const page = site.page(counting('Cache-Control: max-age=60'));
  const miss = cacheStatus(await page.get());
  assert.equal(miss.isHit, false);
  assert.equal(miss.fwd, 'uri-miss');
  assert.equal(miss.isStored, true);
  const hit = cacheStatus(await page.get());
  assert.equal(hit.isHit, true);
  assert.equal(hit.fwd, undefined);
  assert.ok(hit.ttl !== undefined && hit.ttl > 0 && hit.ttl <= 60, `${hit.ttl}`);
  assert.equal(hit.cache, miss.cache);
});

test('a request that no cache answers says so', async () => {
  const page = site.page(counting('Cache-Control: max-age=60'));
  const { isHit, fwd, isStored } = cacheStatus(await page.send({ method: 'POST', body: 'x' }));
  assert.deepEqual({ isHit, fwd, isStored }, { isHit: false, fwd: 'method', isStored: false });
});

test('what a cache before the origin said of itself is kept', async () => {
  const page = site.page(counting('Cache-Control: max-age=60', 'Cache-Status: Inner; hit'));
  for (const response of [await page.get(), await page.get()]) {
    assert.match(valuesOf(response.head, 'cache-status').join(', '), /^Inner; hit, \S/);
  }
});

test('HEAD is answered from what GET has brought', async () => {
  const page = site.page(counting('Cache-Control: max-age=60', 'X-Kind: one'));
  await page.get();
  const head = await page.send({ method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.header('content-length'), '2');
  assert.equal(head.header('x-kind'), 'one');
  assert.equal(page.asked.length, 1);
});

test('the answer to a HEAD never stands for one to a GET', async () => {
  const page = site.page(counting('Cache-Control: max-age=60'));
  await page.send({ method: 'HEAD' });
  const { text, status } = await page.get();
  assert.equal(status, 200);
  assert.match(text, /^#\d$/);
});

test('queries are pages of their own', async () => {
  const page = site.page((request) =>
    reply(request, { body: request.target, fields: ['Cache-Control: max-age=60'] }),
  );
  for (const rest of ['?a=1', '?a=2', '', '?a=1']) {
    assert.equal((await page.send({ rest })).text, page.path + rest);
  }
  assert.equal(page.asked.filter(({ target }) => target.endsWith('?a=1')).length, 1);
});

for (const status of [200, 203, 204, 301, 308, 404, 405, 410, 414, 501]) {
  test(`${status} is kept for as long as it says`, async () => {
    const page = site.page((request) =>
      reply(request, { status, fields: ['Cache-Control: max-age=60', 'Location: /x'] }),
    );
    assert.equal((await page.get()).status, status);
    assert.equal((await page.get()).status, status);
    assert.equal(page.asked.length, 1);
  });
}

test('an answer that says nothing is not kept', async () => {
  const page = site.page(counting('Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT'));
  assert.equal((await page.get()).text, '#1');
  assert.equal((await page.get()).text, '#2');
});

test('CDN-Cache-Control goes before Cache-Control', async () => {
  const kept = site.page(counting('Cache-Control: no-store', 'CDN-Cache-Control: max-age=60'));
  const passed = site.page(counting('Cache-Control: max-age=60', 'CDN-Cache-Control: no-store'));
  for (const page of [kept, passed]) await page.get();
  const response = await kept.get();
  assert.equal(response.text, '#1');
  assert.equal(response.header('cache-control'), 'no-store');
  assert.equal((await passed.get()).text, '#2');
});

test('tags are for the edge only', async () => {
  const tags = ['Surrogate-Key: item-1 items', 'Cache-Tag: item-1,items'];
  const page = site.page(counting('Cache-Control: max-age=60', ...tags));
  for (const { head } of [await page.get(), await page.get()]) {
    assert.deepEqual(valuesOf(head, 'surrogate-key'), []);
    assert.deepEqual(valuesOf(head, 'cache-tag'), []);
  }
  assert.equal(page.asked.length, 1);
});

test('a chunked answer is kept, and then has a length', async () => {
  const page = site.page(({ socket }) => {
    const fields = 'Cache-Control: max-age=60\r\nTransfer-Encoding: chunked';
    socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`);
  });
  assert.equal((await page.get()).text, 'abcdef');
  const hit = await page.get();
  assert.equal(hit.text, 'abcdef');
  assert.equal(hit.header('content-length'), '6');
  assert.equal(page.asked.length, 1);
});

test('hits on one connection, one behind the other, come in order', async () => {
  const one = site.page(counting('Cache-Control: max-age=60', 'X-Page: one'));
  const two = site.page(counting('Cache-Control: max-age=60', 'X-Page: two'));
  const fresh = site.page(counting('X-Page: fresh'));
  for (const page of [one, two]) await page.get();
  await using client = await openClient(site.proxy.port);
  const order = [one, fresh, two, one, fresh, two, two, one];
  client.send(order.map(({ path }) => getText(path)).join(''));
  for (const page of order) {
    const name = page === one ? 'one' : page === two ? 'two' : 'fresh';
    assert.equal((await client.response()).header('x-page'), name);
  }
});

test('an HTTP/1.0 client gets a hit and the end of its connection', async () => {
  const page = site.page(counting('Cache-Control: max-age=60'));
  await page.get();
  await using client = await openClient(site.proxy.port);
  client.send(`GET ${page.path} HTTP/1.0\r\nHost: edge.test\r\n\r\n`);
  assert.equal((await client.response()).text, '#1');
  await client.ended();
});

test('only-if-cached is answered from the cache or not at all', async () => {
  const page = site.page(counting('Cache-Control: max-age=60'));
  assert.equal((await page.get('Cache-Control: only-if-cached')).status, 504);
  assert.equal(page.asked.length, 0);
  await page.get();
  assert.equal((await page.get('Cache-Control: only-if-cached')).text, '#1');
});

test('a client may insist on an answer that is newer than what is kept', async () => {
  const page = site.page(counting('Cache-Control: max-age=60', 'Age: 10'));
  await page.get();
  assert.equal((await page.get('Cache-Control: max-age=30')).text, '#1');
  assert.equal((await page.get('Cache-Control: min-fresh=10')).text, '#1');
  assert.equal((await page.get('Cache-Control: max-age=5')).text, '#2');
  assert.equal((await page.get('Cache-Control: min-fresh=55')).text, '#3');
  assert.equal((await page.get('Cache-Control: no-cache')).text, '#4');
  assert.equal((await page.get('Pragma: no-cache')).text, '#5');
  assert.equal((await page.get()).text, '#5');
});

test('hosts are sites of their own', async () => {
  const page = site.page((request) =>
    reply(request, { body: `${request.header('host')}`, fields: ['Cache-Control: max-age=60'] }),
  );
  for (const host of ['a.test', 'b.test', 'a.test']) {
    const request = `GET ${page.path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    assert.equal((await exchangeOnce(site.proxy.port, request)).text, host);
  }
  assert.equal(page.asked.length, 2);
});

test('a client that says close gets a hit and the end of its connection', async () => {
  const page = site.page(counting('Cache-Control: max-age=60'));
  await page.get();
  const response = await get(site.proxy.port, page.path, 'Connection: close');
  assert.equal(response.text, '#1');
  assert.equal(response.header('connection'), 'close');
});
