/** Clients that wait for the same page at the same time, and must not be told what is another's. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CachedSite, reply, startSite } from '../support/cached-site.ts';
import { eventually } from '../support/eventually.ts';
import { getText, openClient } from '../support/raw-client.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';

const KEPT = 'Cache-Control: max-age=60';

let site: CachedSite;

before(async () => {
  site = await startSite({ cache: { heuristic: true }, service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

describe('leaks to those who wait for the same page', () => {
  const ANSWERS = {
    private: ['Cache-Control: private, max-age=60'],
    'no-store': ['Cache-Control: no-store'],
    'with a cookie': [KEPT, 'Set-Cookie: id=own'],
    'varying by everything': [KEPT, 'Vary: *'],
    'varying by who asks': [KEPT, 'Vary: Cookie'],
    'without a word': [],
  } as const;

  for (const [what, fields] of Object.entries(ANSWERS)) {
    test(`an answer ${what}`, async () => {
      const held: ReceivedRequest[] = [];
      let isOpen = false;
      const answer = (request: ReceivedRequest) =>
        reply(request, { fields, body: `for ${request.header('cookie')}` });
      const page = site.page((request) => (isOpen ? answer(request) : held.push(request)));
      const names = Array.from({ length: 12 }, (_, i) => `user=${i}`);
      const all = names.map((name) => page.get(`Cookie: ${name}`));
      await site.awaitClients(names.length);
      await eventually(() => assert.ok(held.length > 0));
      isOpen = true;
      held.forEach(answer);
      const texts = (await Promise.all(all)).map(({ text }) => text);
      assert.deepEqual(
        texts,
        names.map((name) => `for ${name}`),
      );
    });
  }

  test('an answer to one who named itself', async () => {
    const held: ReceivedRequest[] = [];
    let isOpen = false;
    const answer = (request: ReceivedRequest) =>
      reply(request, { fields: [KEPT], body: `for ${request.header('authorization')}` });
    const page = site.page((request) => (isOpen ? answer(request) : held.push(request)));
    const names = Array.from({ length: 12 }, (_, i) => `Bearer ${i}`);
    const all = names.map((name) => page.get(`Authorization: ${name}`));
    await site.awaitClients(names.length);
    await eventually(() => assert.ok(held.length > 0));
    isOpen = true;
    held.forEach(answer);
    const texts = (await Promise.all(all)).map(({ text }) => text);
    assert.deepEqual(
      texts,
      names.map((name) => `for ${name}`),
    );
  });

  test('part of a personal answer is never left for those who come later', async () => {
    const page = site.page(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nCache-Control: private\r\n\r\nsecre');
    });
    await using first = await openClient(site.proxy.port);
    first.send(getText(page.path, 'Cookie: id=1'));
    await first.receives('secre');
    await using second = await openClient(site.proxy.port);
    second.send(getText(page.path, 'Cookie: id=2'));
    await second.receives('secre');
    assert.equal(page.asked.length, 2);
    assert.equal(page.asked[1]?.header('cookie'), 'id=2');
  });
});
