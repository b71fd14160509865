/** Requests that change something make the edge forget what it has of that page. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CachedSite, type Page, reply, startSite } from '../support/cached-site.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';

let site: CachedSite;

before(async () => {
  site = await startSite();
});

after(() => site[Symbol.asyncDispose]());

/** A page that is kept; what is not a GET is answered by `change`. */
async function keptPage(change: (request: ReceivedRequest, page: Page) => unknown): Promise<Page> {
  const page: Page = site.page((request, nth) =>
    request.method === 'GET'
      ? reply(request, { fields: ['Cache-Control: max-age=60'], body: `#${nth}` })
      : change(request, page),
  );
  assert.equal((await page.get()).text, '#1');
  return page;
}

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'FROBNICATE']) {
  test(`a ${method} that succeeds makes what is kept invalid`, async () => {
    const page = await keptPage((request) => reply(request, { status: 204 }));
    await page.send({ method });
    assert.equal((await page.get()).text, '#3');
  });

  test(`a ${method} that fails leaves what is kept`, async () => {
    const page = await keptPage((request) => reply(request, { status: 409 }));
    await page.send({ method });
    assert.equal((await page.get()).text, '#1');
  });
}

for (const method of ['HEAD', 'OPTIONS', 'TRACE']) {
  test(`a ${method} leaves what is kept`, async () => {
    const page = await keptPage((request) => reply(request, {}));
    await page.send({ method });
    assert.equal((await page.get()).text, '#1');
  });
}

test('a redirect behind a change counts as its success', async () => {
  const page = await keptPage((request) =>
    reply(request, { status: 303, fields: ['Location: /elsewhere'] }),
  );
  await page.send({ method: 'POST' });
  assert.equal((await page.get()).text, '#3');
});

for (const field of ['Location', 'Content-Location']) {
  test(`${field} names another page that has changed`, async () => {
    const other = await keptPage((request) => reply(request, {}));
    const changed = await keptPage((request) =>
      reply(request, { status: 201, fields: [`${field}: ${other.path}`] }),
    );
    await changed.send({ method: 'POST' });
    assert.equal((await other.get()).text, '#2');
  });

  test(`${field} on another host is not believed`, async () => {
    const other = await keptPage((request) => reply(request, {}));
    const changed = await keptPage((request) =>
      reply(request, { status: 201, fields: [`${field}: http://other.test${other.path}`] }),
    );
    await changed.send({ method: 'POST' });
    assert.equal((await other.get()).text, '#1');
  });
}

test('all variants of a page are invalid', async () => {
  const page = site.page((request, nth) =>
    request.method === 'GET'
      ? reply(request, { fields: ['Cache-Control: max-age=60', 'Vary: X-Kind'], body: `#${nth}` })
      : reply(request, { status: 204 }),
  );
  await page.get('X-Kind: a');
  await page.get('X-Kind: b');
  await page.send({ method: 'PUT', fields: ['X-Kind: a'] });
  assert.equal((await page.get('X-Kind: b')).text, '#4');
  assert.equal((await page.get('X-Kind: a')).text, '#5');
});

test('the neighbours of a page that changed are left', async () => {
  const page = await keptPage((request) => reply(request, { status: 204 }));
  assert.equal((await page.send({ rest: '?a=1' })).text, '#2');
  assert.equal((await page.send({ rest: '/below' })).text, '#3');
  await page.send({ method: 'DELETE' });
  assert.equal((await page.send({ rest: '?a=1' })).text, '#2');
  assert.equal((await page.send({ rest: '/below' })).text, '#3');
  assert.equal((await page.get()).text, '#5');
});

test('an answer that was asked for before the change is not kept behind it', async () => {
  const held: ReceivedRequest[] = [];
  const page = site.page((request, nth) => {
    if (request.method === 'PUT') reply(request, { status: 204 });
    else if (nth === 1) held.push(request);
    else reply(request, { fields: ['Cache-Control: max-age=60'], body: 'new' });
  });
  const early = page.get();
  await site.awaitClients(1);
  await page.send({ method: 'PUT', body: 'new' });
  reply(held[0] as ReceivedRequest, { fields: ['Cache-Control: max-age=60'], body: 'old' });
  assert.equal((await early).text, 'old');
  assert.equal((await page.get()).text, 'new');
});

test('who asks after the change does not join what was asked for before it', async () => {
  const held: ReceivedRequest[] = [];
  const page = site.page((request, nth) => {
    if (request.method === 'PUT') reply(request, { status: 204 });
    else if (nth === 1) held.push(request);
    else reply(request, { fields: ['Cache-Control: max-age=60'], body: 'new' });
  });
  const early = page.get();
  await site.awaitClients(1);
  await page.send({ method: 'PUT', body: 'new' });
  assert.equal((await page.get()).text, 'new');
  reply(held[0] as ReceivedRequest, { fields: ['Cache-Control: max-age=60'], body: 'old' });
  assert.equal((await early).text, 'old');
  assert.equal((await page.get()).text, 'new');
});
