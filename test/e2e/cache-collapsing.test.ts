/** Many that ask the same at the same time, and the one request that stands for them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cacheStatus } from '../support/cache-status.ts';
import { type CachedSite, reply, startSite } from '../support/cached-site.ts';
import { eventually } from '../support/eventually.ts';
import { answersOf, holdPage, waitingClients } from '../support/held-pages.ts';
import { getText, openClient } from '../support/raw-client.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';

const KEPT = 'Cache-Control: max-age=60';

let site: CachedSite;

before(async () => {
  site = await startSite({ service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

test('two hundred that miss at once are one request', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const clients = await waitingClients(stack, site, page, 200);
  reply(await awaitHeld(), { fields: [KEPT], body: 'for all' });
  const all = await answersOf(clients);
  assert.ok(all.every(({ status, text }) => status === 200 && text === 'for all'));
  assert.equal(page.asked.length, 1);
  const collapsed = all.filter((response) => cacheStatus(response).isCollapsed);
  assert.equal(collapsed.length, 199, 'all but the first say so');
});

test('those that wait get what has come so far, before it is all there', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const early = await waitingClients(stack, site, page, 3);
  const { socket } = await awaitHeld();
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 11\r\n${KEPT}\r\n\r\nfirst`);
  await Promise.all(early.map((client) => client.receives('first')));
  const late = await openClient(site.proxy.port);
  stack.use(late);
  late.send(getText(page.path));
  await late.receives('first');
  socket.write(' later');
  for (const { text } of await answersOf([...early, late])) assert.equal(text, 'first later');
  assert.equal(page.asked.length, 1);
});

test('of those that wait each gets what it has asked for', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const wishes = [[], ['If-None-Match: "a"'], ['Range: bytes=6-'], ['If-None-Match: "b"']];
  const clients = await waitingClients(stack, site, page, 8, (index) => wishes[index % 4] ?? []);
  reply(await awaitHeld(), { fields: [KEPT, 'ETag: "a"'], body: 'whole-part' });
  const expected = [
    [200, 'whole-part'],
    [304, ''],
    [206, 'part'],
    [200, 'whole-part'],
  ];
  const got = (await answersOf(clients)).map(({ status, text }) => [status, text]);
  assert.deepEqual(got, [...expected, ...expected]);
  assert.equal(page.asked.length, 1);
});

test('of those that wait for an answer whose length is not known each gets what it has asked for', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const wishes = [[], ['If-None-Match: "a"'], ['Range: bytes=6-'], ['Connection: close']];
  const clients = await waitingClients(stack, site, page, 8, (index) => wishes[index % 4] ?? []);
  const { socket } = await awaitHeld();
  const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${KEPT}\r\nETag: "a"`;
  socket.write(`${head}\r\n\r\n6\r\nwhole-\r\n`);
  await clients[0]?.receives('whole-');
  socket.write('4\r\npart\r\n0\r\n\r\n');
  for (const [index, { status, text }] of (await answersOf(clients)).entries()) {
    if (index % 4 === 1) assert.equal(status, 304);
    else if (status === 206) assert.equal(text, 'part', 'a part, or all of it');
    else assert.deepEqual([status, text], [200, 'whole-part']);
  }
  assert.equal(page.asked.length, 1);
});

test('an HTTP/1.0 client may wait for an answer in chunks', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  await waitingClients(stack, site, page, 1);
  const old = stack.use(await openClient(site.proxy.port));
  old.send(`GET ${page.path} HTTP/1.0\r\nHost: edge.test\r\n\r\n`);
  await site.awaitClients(2);
  const { socket } = await awaitHeld();
  const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${KEPT}`;
  socket.write(`${head}\r\n\r\n5\r\nfirst\r\n0\r\n\r\n`);
  const { text, framing } = await old.response();
  assert.equal(text, 'first');
  assert.notEqual(framing, 'chunked');
});

test('a chunked answer is streamed to those that wait as well', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const clients = await waitingClients(stack, site, page, 3);
  const { socket } = await awaitHeld();
  const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${KEPT}\r\n\r\n`;
  socket.write(`${head}5\r\nfirst\r\n`);
  await Promise.all(clients.map((client) => client.receives('first')));
  socket.write('6\r\nsecond\r\n0\r\n\r\n');
  for (const { text } of await answersOf(clients)) assert.equal(text, 'firstsecond');
  assert.equal(page.asked.length, 1);
});

test('when the answer is not for all, those that wait go on their own, all at once', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held, awaitHeld } = holdPage(site);
  const clients = await waitingClients(stack, site, page, 20, (index) => [`Cookie: id=${index}`]);
  const answer = (request: ReceivedRequest) =>
    reply(request, {
      fields: ['Cache-Control: private, max-age=60'],
      body: `for ${request.header('cookie')}`,
    });
  answer(await awaitHeld());
  // None of these is answered before the last has come, so they cannot have waited for each other.
  await awaitHeld(20);
  held.slice(1).forEach(answer);
  const texts = (await answersOf(clients)).map(({ text }) => text);
  assert.deepEqual(
    texts,
    clients.map((_, index) => `for id=${index}`),
  );
});

test('a page that was not for all is not waited for the next time', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held, awaitHeld } = holdPage(
    site,
    (nth) => nth > 1,
    (request) => reply(request, { fields: ['Cache-Control: no-store'] }),
  );
  await page.get();
  const clients = await waitingClients(stack, site, page, 10);
  await awaitHeld(10);
  for (const request of held) reply(request, { body: 'own' });
  for (const { text } of await answersOf(clients)) assert.equal(text, 'own');
});

test('variants of a page are asked for side by side', async () => {
  await using stack = new AsyncDisposableStack();
  const fields = [KEPT, 'Vary: Accept-Language'];
  const answer = (request: ReceivedRequest) =>
    reply(request, { fields, body: `${request.header('accept-language')}` });
  const { page, held, awaitHeld } = holdPage(site, (nth) => nth > 1, answer);
  await page.get('Accept-Language: da');
  const languages = ['de', 'en', 'fr', 'de', 'en', 'fr'];
  const clients = await waitingClients(stack, site, page, 6, (index) => [
    `Accept-Language: ${languages[index]}`,
  ]);
  await awaitHeld(3);
  held.forEach(answer);
  const texts = (await answersOf(clients)).map(({ text }) => text);
  assert.deepEqual(texts, languages);
  assert.equal(page.asked.length, 4);
});

test('a first answer that varies is not given to those that wait with other fields', async () => {
  await using stack = new AsyncDisposableStack();
  const held: ReceivedRequest[] = [];
  const page = site.page((request) => held.push(request));
  const languages = ['de', 'en', 'de', 'en'];
  const clients = await waitingClients(stack, site, page, 4, (index) => [
    `Accept-Language: ${languages[index]}`,
  ]);
  const answered = new Set<ReceivedRequest>();
  const all = answersOf(clients);
  let isOver = false;
  void all.finally(() => {
    isOver = true;
  });
  await eventually(() => {
    for (const request of held) {
      if (answered.has(request)) continue;
      answered.add(request);
      const language = request.header('accept-language');
      reply(request, { fields: [KEPT, 'Vary: Accept-Language'], body: `${language}` });
    }
    assert.ok(isOver);
  });
  assert.deepEqual(
    (await all).map(({ text }) => text),
    languages,
  );
});

test('requests are not collapsed where the route says so', async () => {
  await using alone = await startSite({ cache: { collapse: false } });
  const { page, held } = holdPage(alone);
  const all = [1, 2, 3].map(() => page.get());
  await eventually(() => assert.equal(held.length, 3));
  for (const request of held) reply(request, { fields: [KEPT], body: 'own' });
  for (const response of all) assert.equal((await response).text, 'own');
});

test('requests that carry a body, or change something, never stand for each other', async () => {
  const { page, held } = holdPage(site);
  const all = [1, 2, 3].map((n) => page.send({ method: 'POST', body: `${n}` }));
  await eventually(() => assert.equal(held.length, 3));
  for (const request of held) reply(request, { fields: [KEPT], body: `${await request.body}` });
  const texts = await Promise.all(all.map(async (response) => (await response).text));
  assert.deepEqual(texts, ['1', '2', '3']);
});
