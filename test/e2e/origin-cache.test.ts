/** What an origin of the kit declares, and what it purges, as clients of the edge see it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheStatus } from '../support/cache-status.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, refusingUrl } from '../support/free-port.ts';
import { temporaryFolder } from '../support/program.ts';
import { configTo, type ProxyProcess, startProxy, startProxyTo } from '../support/proxy-process.ts';
import { get, type RawResponse } from '../support/raw-client.ts';
import { skipWithoutRedis, startRedisServer } from '../support/redis-server.ts';
import { type ShopOrigin, startShop } from '../support/shop-origin.ts';

const TOKEN = 'the-token-of-these-tests';
const OTHER_TOKEN = 'another-token-than-that';
const caching = { routes: [{ service: 'app', cache: true }] };

const getJson = async (edge: ProxyProcess, path: string, ...fields: string[]) => {
  const answer = await get(edge.port, path, 'Connection: close', ...fields);
  return { answer, body: answer.text === '' ? undefined : JSON.parse(answer.text) };
};

/** Names an item without any edge knowing of it. */
async function rename(shop: ShopOrigin, id: number, name: string): Promise<void> {
  const answer = await fetch(`${shop.url}/names/${id}?name=${name}`, { method: 'PUT' });
  assert.deepEqual([answer.status, await answer.text()], [200, 'named']);
}

const isHit = (answer: RawResponse) => cacheStatus(answer).isHit;

test('what is written is read at once through the edge, and what is not stays cached', async () => {
  await using folder = await temporaryFolder();
  const socket = `unix:${join(folder.path, 'admin.sock')}`;
  await using shop = await startShop({ edges: [{ url: socket }] });
  await using edge = await startProxyTo([shop.url], {}, { ...caching, admin: { address: socket } });

  const paths = ['/items/1', '/items/2', '/items/3', '/stock'];
  const before = [];
  for (const path of paths) before.push((await getJson(edge, path)).body);
  for (const path of paths) assert.ok(isHit((await getJson(edge, path)).answer), path);

  await rename(shop, 1, 'candle');
  const renamed = await getJson(edge, '/items/1');
  assert.deepEqual([renamed.body.name, isHit(renamed.answer)], ['candle', false]);
  for (const [i, path] of paths.slice(1).entries()) {
    const { answer, body } = await getJson(edge, path);
    assert.deepEqual([isHit(answer), body], [true, before[i + 1]], path);
  }

  // That there was none had been kept as well.
  await rename(shop, 3, 'table');
  assert.equal((await getJson(edge, '/items/3')).body.name, 'table');
});

test('browsers ask each time, and the edge tells them what they have', async () => {
  await using shop = await startShop({ edges: [{ url: await refusingUrl() }] });
  await using edge = await startProxyTo([shop.url], {}, caching);
  const first = await getJson(edge, '/items/1');
  assert.equal(first.answer.header('cache-control'), 'no-cache');
  const etag = first.answer.header('etag');
  const again = await getJson(edge, '/items/1', `If-None-Match: ${etag}`);
  assert.deepEqual([again.answer.status, again.body], [304, undefined]);
  assert.ok(isHit(again.answer));
});

test('a write is answered while the edge takes no purge, which is made up for', async () => {
  const port = await freePort();
  const admin = (token: string) => ({ address: `127.0.0.1:${port}`, token });
  await using shop = await startShop({
    edges: [{ url: `http://127.0.0.1:${port}`, token: TOKEN }],
  });
  const config = configTo([shop.url], {}, { ...caching, admin: admin(OTHER_TOKEN) });
  await using edge = await startProxy(config);
  assert.equal((await getJson(edge, '/items/1')).body.name, 'lamp');

  await rename(shop, 1, 'candle');
  await eventually(() => assert.match(shop.log(), /answered 401: the token is not the configured/));
  assert.equal((await getJson(edge, '/items/1')).body.name, 'lamp');

  await edge.reload({ ...config, admin: admin(TOKEN) });
  await eventually(async () => {
    assert.equal((await getJson(edge, '/items/1')).body.name, 'candle');
  });
  await eventually(() => assert.match(shop.log(), /purges are taken again/));
});

test('a write is answered though there is no edge', async () => {
  await using shop = await startShop({ edges: [{ url: await refusingUrl() }] });
  for (const name of ['candle', 'table', 'shelf']) await rename(shop, 1, name);
  const metrics = await (await fetch(`${shop.url}/metrics`)).text();
  assert.match(metrics, /^origin_purges_pending\{edge="[^"]+"\} [12]$/m);
});

test('edges that share a Redis hear of what an origin purges there', {
  skip: skipWithoutRedis,
}, async () => {
  await using redis = await startRedisServer();
  const prefix = 'shop-edges:';
  await using shop = await startShop({ redis: redis.url, prefix });
  const rest = { ...caching, cache: { redis: { url: redis.url, prefix } } };
  await using one = await startProxyTo([shop.url], {}, rest);
  await using other = await startProxyTo([shop.url], {}, rest);
  const edges = [one, other];
  for (const edge of edges) {
    await getJson(edge, '/items/1');
    assert.ok(isHit((await getJson(edge, '/items/1')).answer));
  }

  await rename(shop, 1, 'candle');
  for (const edge of edges) {
    await eventually(async () => {
      assert.equal((await getJson(edge, '/items/1')).body.name, 'candle');
    });
  }
});
