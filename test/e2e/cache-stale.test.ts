/** Answers past their time: served while a new one is fetched, or when there is none to be had. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheStatus } from '../support/cache-status.ts';
import { type CachedSite, counting, reply, startSite } from '../support/cached-site.ts';
import { eventually } from '../support/eventually.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';

/** Stale when it comes, by ten seconds. */
const STALE = 'Age: 20';

let site: CachedSite;

before(async () => {
  site = await startSite({ service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

const twice = async (ask: () => Promise<unknown>) => {
  await ask();
  await ask();
};

test('a stale answer is served at once and refreshed behind it', async () => {
  const held: ReceivedRequest[] = [];
  const fields = ['Cache-Control: max-age=10, stale-while-revalidate=60'];
  const page = site.page((request, nth) => {
    if (nth === 1) reply(request, { fields: [...fields, STALE], body: '#1' });
    else held.push(request);
  });
  await page.get();
  for (let i = 0; i < 5; i++) {
    const stale = await page.get();
    assert.equal(stale.text, '#1');
    const { isHit, ttl } = cacheStatus(stale);
    assert.ok(isHit && ttl !== undefined && ttl < 0, String(stale.header('cache-status')));
  }
  await eventually(() => assert.equal(held.length, 1));
  reply(held[0] as ReceivedRequest, { fields, body: '#2' });
  await eventually(async () => assert.equal((await page.get()).text, '#2'));
  assert.equal(page.asked.length, 2, 'all of them had one refresh');
});

test('an answer that expires while it is kept is served stale and refreshed behind it', async () => {
  const page = site.page(counting('Cache-Control: max-age=1, stale-while-revalidate=60'));
  assert.equal((await page.get()).text, '#1');
  await sleep(1_200);
  assert.equal((await page.get()).text, '#1');
  await eventually(async () => assert.notEqual((await page.get()).text, '#1'));
});

test('a refresh asks whether the answer still holds', async () => {
  const page = site.page((request) => {
    const fields = ['Cache-Control: max-age=10, stale-while-revalidate=60', 'ETag: "a"'];
    if (request.header('if-none-match') === '"a"') reply(request, { status: 304, fields });
    else reply(request, { fields: [...fields, STALE], body: 'abc' });
  });
  await twice(() => page.get());
  await eventually(async () => {
    const { ttl = -1 } = cacheStatus(await page.get());
    assert.ok(ttl > 0);
  });
  assert.equal((await page.get()).text, 'abc');
  assert.equal(page.asked.length, 2);
});

test('a refresh that fails leaves the stale answer to be served, and is tried again', async () => {
  const page = site.page((request, nth) => {
    const fields = ['Cache-Control: max-age=10, stale-while-revalidate=60'];
    if (nth === 1) reply(request, { fields: [...fields, STALE], body: '#1' });
    else if (nth < 4) request.socket.destroy();
    else reply(request, { fields, body: '#4' });
  });
  await page.get();
  await eventually(async () => {
    const { status, text } = await page.get();
    assert.equal(status, 200);
    assert.equal(text, '#4');
  });
});

test('past its window a stale answer waits for the origin', async () => {
  const page = site.page((request, nth) =>
    reply(request, {
      fields: ['Cache-Control: max-age=10, stale-while-revalidate=5', nth === 1 ? STALE : 'Age: 0'],
      body: `#${nth}`,
    }),
  );
  await page.get();
  assert.equal((await page.get()).text, '#2');
});

const broken: readonly (readonly [string, (request: ReceivedRequest) => unknown])[] = [
  ['answers 500', (request) => reply(request, { status: 500 })],
  ['answers 503', (request) => reply(request, { status: 503 })],
  ['closes the connection', (request) => request.socket.destroy()],
];

for (const [how, fail] of broken) {
  test(`a stale answer may stand in for an origin that ${how}`, async () => {
    const fields = ['Cache-Control: max-age=10, stale-if-error=60', STALE];
    const page = site.page((request, nth) =>
      nth === 1 ? reply(request, { fields, body: '#1' }) : fail(request),
    );
    await page.get();
    const response = await page.get();
    assert.equal(response.status, 200);
    assert.equal(response.text, '#1');
    assert.ok(page.asked.length > 1, 'the origin was asked first');
  });

  test(`without leave to be stale, an origin that ${how} is not covered for`, async () => {
    const fields = ['Cache-Control: max-age=10', STALE];
    const page = site.page((request, nth) =>
      nth === 1 ? reply(request, { fields, body: '#1' }) : fail(request),
    );
    await page.get();
    assert.ok((await page.get()).status >= 500);
  });
}

for (const directive of ['must-revalidate', 'proxy-revalidate', 'no-cache']) {
  test(`${directive} forbids every stale answer`, async () => {
    const allowed = 'stale-while-revalidate=60, stale-if-error=60';
    const fields = [`Cache-Control: max-age=10, ${allowed}, ${directive}`, STALE];
    const page = site.page((request, nth) =>
      reply(request, nth === 1 ? { fields, body: '#1' } : { status: 503 }),
    );
    await page.get();
    assert.equal((await page.get()).status, 503);
    assert.equal((await page.get('Cache-Control: max-stale')).status, 503);
  });
}

test('s-maxage forbids stale answers, but for those the same answer allows', async () => {
  const strict = site.page((request, nth) =>
    nth === 1
      ? reply(request, { fields: ['Cache-Control: s-maxage=10', STALE], body: '#1' })
      : reply(request, { status: 503 }),
  );
  await strict.get();
  assert.equal((await strict.get('Cache-Control: max-stale')).status, 503);

  const allowing = ['Cache-Control: s-maxage=10, stale-while-revalidate=60', STALE];
  const lenient = site.page(counting(...allowing));
  await lenient.get();
  assert.equal((await lenient.get()).text, '#1');
});

test('a client may take a stale answer', async () => {
  const page = site.page(counting('Cache-Control: max-age=1'));
  await page.get();
  await sleep(2_100);
  assert.equal((await page.get('Cache-Control: max-stale=60')).text, '#1');
  assert.equal((await page.get('Cache-Control: max-stale')).text, '#1');
  assert.equal((await page.get('Cache-Control: max-stale=0')).text, '#2');
});

test('a route may allow stale answers where the origin does not say', async () => {
  const cache = { staleWhileRevalidate: '1m', staleIfError: '1m' } as const;
  await using lenient = await startSite({ cache, service: { retries: 0 } });
  const page = lenient.page(counting('Cache-Control: max-age=10', STALE));
  await page.get();
  assert.equal((await page.get()).text, '#1');
  await eventually(() => assert.equal(page.asked.length, 2));

  const strict = lenient.page(counting('Cache-Control: max-age=10, must-revalidate', STALE));
  await strict.get();
  assert.equal((await strict.get()).text, '#2');
});

test('one refresh runs at a time', async () => {
  const held: ReceivedRequest[] = [];
  const fields = ['Cache-Control: max-age=10, stale-while-revalidate=60'];
  const page = site.page((request, nth) => {
    if (nth === 1) reply(request, { fields: [...fields, STALE], body: '#1' });
    else held.push(request);
  });
  await page.get();
  const all = await Promise.all(Array.from({ length: 50 }, () => page.get()));
  assert.ok(all.every(({ text }) => text === '#1'));
  await eventually(() => assert.equal(held.length, 1));
  assert.equal(page.asked.length, 2);
  reply(held[0] as ReceivedRequest, { fields, body: '#2' });
  await eventually(async () => assert.equal((await page.get()).text, '#2'));
});
