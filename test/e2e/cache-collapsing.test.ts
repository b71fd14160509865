/** Many that ask the same at the same time, and the one request that stands for them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cacheStatus } from '../support/cache-status.ts';
import { type CachedSite, type Page, reply, startSite } from '../support/cached-site.ts';
import { awaitRest } from '../support/edge-at-rest.ts';
import { eventually } from '../support/eventually.ts';
import { getText, openClient, type RawClient } from '../support/raw-client.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';

const KEPT = 'Cache-Control: max-age=60';

let site: CachedSite;

before(async () => {
  site = await startSite({ service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

/** A page whose answers are kept back until the test gives them. */
function heldPage(at: CachedSite = site): { page: Page; held: ReceivedRequest[] } {
  const held: ReceivedRequest[] = [];
  return { page: at.page((request) => held.push(request)), held };
}

/** That many clients that have asked for a page; they all wait when this resolves. */
async function waiting(
  stack: AsyncDisposableStack,
  page: Page,
  count: number,
  fieldsOf: (index: number) => readonly string[] = () => [],
): Promise<RawClient[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => openClient(site.proxy.port)),
  );
  clients.forEach((client, index) => {
    stack.use(client);
    client.send(getText(page.path, ...fieldsOf(index)));
  });
  await site.awaitClients(count);
  return clients;
}

/** The first answer of each client. */
function answers(clients: readonly RawClient[]) {
  return Promise.all(clients.map((client) => client.response()));
}

async function awaitHeld(held: readonly ReceivedRequest[], count = 1): Promise<ReceivedRequest> {
  await eventually(() => assert.equal(held.length, count));
  return held[count - 1] as ReceivedRequest;
}

test('two hundred that miss at once are one request', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const clients = await waiting(stack, page, 200);
  reply(await awaitHeld(held), { fields: [KEPT], body: 'for all' });
  const all = await answers(clients);
  assert.ok(all.every(({ status, text }) => status === 200 && text === 'for all'));
  assert.equal(page.asked.length, 1);
  const collapsed = all.filter((response) => cacheStatus(response).isCollapsed);
  assert.equal(collapsed.length, 199, 'all but the first say so');
});

test('those that wait get what has come so far, before it is all there', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const early = await waiting(stack, page, 3);
  const { socket } = await awaitHeld(held);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 11\r\n${KEPT}\r\n\r\nfirst`);
  await Promise.all(early.map((client) => client.receives('first')));
  const late = await openClient(site.proxy.port);
  stack.use(late);
  late.send(getText(page.path));
  await late.receives('first');
  socket.write(' later');
  for (const { text } of await answers([...early, late])) assert.equal(text, 'first later');
  assert.equal(page.asked.length, 1);
});

test('of those that wait each gets what it has asked for', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const wishes = [[], ['If-None-Match: "a"'], ['Range: bytes=6-'], ['If-None-Match: "b"']];
  const clients = await waiting(stack, page, 8, (index) => wishes[index % 4] ?? []);
  reply(await awaitHeld(held), { fields: [KEPT, 'ETag: "a"'], body: 'whole-part' });
  const expected = [
    [200, 'whole-part'],
    [304, ''],
    [206, 'part'],
    [200, 'whole-part'],
  ];
  const got = (await answers(clients)).map(({ status, text }) => [status, text]);
  assert.deepEqual(got, [...expected, ...expected]);
  assert.equal(page.asked.length, 1);
});

test('of those that wait for an answer whose length is not known each gets what it has asked for', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const wishes = [[], ['If-None-Match: "a"'], ['Range: bytes=6-'], ['Connection: close']];
  const clients = await waiting(stack, page, 8, (index) => wishes[index % 4] ?? []);
  const { socket } = await awaitHeld(held);
  const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${KEPT}\r\nETag: "a"`;
  socket.write(`${head}\r\n\r\n6\r\nwhole-\r\n`);
  await clients[0]?.receives('whole-');
  socket.write('4\r\npart\r\n0\r\n\r\n');
  for (const [index, { status, text }] of (await answers(clients)).entries()) {
    if (index % 4 === 1) assert.equal(status, 304);
    else if (status === 206) assert.equal(text, 'part', 'a part, or all of it');
    else assert.deepEqual([status, text], [200, 'whole-part']);
  }
  assert.equal(page.asked.length, 1);
});

test('an HTTP/1.0 client may wait for an answer in chunks', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  await waiting(stack, page, 1);
  const old = stack.use(await openClient(site.proxy.port));
  old.send(`GET ${page.path} HTTP/1.0\r\nHost: edge.test\r\n\r\n`);
  await site.awaitClients(2);
  const { socket } = await awaitHeld(held);
  const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${KEPT}`;
  socket.write(`${head}\r\n\r\n5\r\nfirst\r\n0\r\n\r\n`);
  const { text, framing } = await old.response();
  assert.equal(text, 'first');
  assert.notEqual(framing, 'chunked');
});

test('a chunked answer is streamed to those that wait as well', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const clients = await waiting(stack, page, 3);
  const { socket } = await awaitHeld(held);
  const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${KEPT}\r\n\r\n`;
  socket.write(`${head}5\r\nfirst\r\n`);
  await Promise.all(clients.map((client) => client.receives('first')));
  socket.write('6\r\nsecond\r\n0\r\n\r\n');
  for (const { text } of await answers(clients)) assert.equal(text, 'firstsecond');
  assert.equal(page.asked.length, 1);
});

test('the first one may leave', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const [first] = await waiting(stack, page, 1);
  const request = await awaitHeld(held);
  const others = await Promise.all([1, 2, 3].map(() => openClient(site.proxy.port)));
  for (const client of others) {
    stack.use(client);
    client.send(getText(page.path));
  }
  await site.awaitClients(4);
  first?.reset();
  await site.awaitClients(3);
  reply(request, { fields: [KEPT], body: 'still' });
  for (const { text } of await answers(others)) assert.equal(text, 'still');
  assert.equal(page.asked.length, 1);
});

test('the first one may leave in the middle of the answer', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const [first, ...others] = await waiting(stack, page, 3);
  const { socket } = await awaitHeld(held);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n${KEPT}\r\n\r\nfirst`);
  await first?.receives('first');
  first?.reset();
  await site.awaitClients(2);
  socket.write('-rest');
  for (const { text } of await answers(others)) assert.equal(text, 'first-rest');
  assert.equal((await page.get()).text, 'first-rest');
  assert.equal(page.asked.length, 1);
});

test('when the one request fails there is at most one more', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const clients = await waiting(stack, page, 50);
  let cut = 0;
  const cutting = setInterval(() => {
    for (; cut < held.length; cut++) held[cut]?.socket.destroy();
  }, 5);
  try {
    for (const { status } of await answers(clients)) assert.equal(status, 502);
  } finally {
    clearInterval(cutting);
  }
  assert.ok(page.asked.length <= 2, `asked ${page.asked.length} times`);
});

test('when the one request fails and the next does not, those that wait are answered', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const clients = await waiting(stack, page, 20);
  (await awaitHeld(held)).socket.destroy();
  reply(await awaitHeld(held, 2), { fields: [KEPT], body: 'second try' });
  const statuses = (await answers(clients)).map(({ status }) => status);
  assert.ok(statuses.filter((status) => status === 200).length >= 19, statuses.join());
  assert.equal(page.asked.length, 2);
});

test('an answer that breaks off is broken for all, and not kept', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const clients = await waiting(stack, page, 5);
  const { socket } = await awaitHeld(held);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n${KEPT}\r\n\r\nhalf`);
  await Promise.all(clients.map((client) => client.receives('half')));
  socket.destroy();
  for (const client of clients) {
    await client.ended();
    await assert.rejects(client.response(), /ended before the rest/);
  }
  const again = page.get();
  reply(await awaitHeld(held, 2), { fields: [KEPT], body: 'whole' });
  assert.equal((await again).text, 'whole');
});

test('when the answer is not for all, those that wait go on their own, all at once', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const clients = await waiting(stack, page, 20, (index) => [`Cookie: id=${index}`]);
  const answer = (request: ReceivedRequest) =>
    reply(request, {
      fields: ['Cache-Control: private, max-age=60'],
      body: `for ${request.header('cookie')}`,
    });
  answer(await awaitHeld(held));
  // None of these is answered before the last has come, so they cannot have waited for each other.
  await awaitHeld(held, 20);
  held.slice(1).forEach(answer);
  const texts = (await answers(clients)).map(({ text }) => text);
  assert.deepEqual(
    texts,
    clients.map((_, index) => `for id=${index}`),
  );
});

test('a page that was not for all is not waited for the next time', async () => {
  await using stack = new AsyncDisposableStack();
  const held: ReceivedRequest[] = [];
  const page = site.page((request, nth) =>
    nth === 1 ? reply(request, { fields: ['Cache-Control: no-store'] }) : held.push(request),
  );
  await page.get();
  const clients = await waiting(stack, page, 10);
  await awaitHeld(held, 10);
  for (const request of held) reply(request, { body: 'own' });
  for (const { text } of await answers(clients)) assert.equal(text, 'own');
});

test('variants of a page are asked for side by side', async () => {
  await using stack = new AsyncDisposableStack();
  const held: ReceivedRequest[] = [];
  const fields = [KEPT, 'Vary: Accept-Language'];
  const answer = (request: ReceivedRequest) =>
    reply(request, { fields, body: `${request.header('accept-language')}` });
  const page = site.page((request, nth) => (nth === 1 ? answer(request) : held.push(request)));
  await page.get('Accept-Language: da');
  const languages = ['de', 'en', 'fr', 'de', 'en', 'fr'];
  const clients = await waiting(stack, page, 6, (index) => [
    `Accept-Language: ${languages[index]}`,
  ]);
  await awaitHeld(held, 3);
  held.forEach(answer);
  const texts = (await answers(clients)).map(({ text }) => text);
  assert.deepEqual(texts, languages);
  assert.equal(page.asked.length, 4);
});

test('a first answer that varies is not given to those that wait with other fields', async () => {
  await using stack = new AsyncDisposableStack();
  const held: ReceivedRequest[] = [];
  const page = site.page((request) => held.push(request));
  const languages = ['de', 'en', 'de', 'en'];
  const clients = await waiting(stack, page, 4, (index) => [
    `Accept-Language: ${languages[index]}`,
  ]);
  const answered = new Set<ReceivedRequest>();
  const all = answers(clients);
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

test('one that reads slowly does not keep the others', async () => {
  await using stack = new AsyncDisposableStack();
  const body = Buffer.alloc(6 * 1024 * 1024, 'x');
  const { page, held } = heldPage();
  const [slow, ...others] = await waiting(stack, page, 4);
  slow?.socket.pause();
  const { socket } = await awaitHeld(held);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${KEPT}\r\n\r\n`);
  socket.write(body);
  for (const response of await answers(others)) assert.equal(response.body.length, body.length);
  assert.equal((await page.get()).body.length, body.length);
  slow?.socket.resume();
  assert.equal((await slow?.response())?.body.length, body.length);
  assert.equal(page.asked.length, 1);
});

test('a slow reader who is alone does not make the edge read all there is', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = heldPage();
  const [slow] = await waiting(stack, page, 1);
  slow?.socket.pause();
  const { socket } = await awaitHeld(held);
  const sizeBytes = 64 * 1024 * 1024;
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\nCache-Control: no-store\r\n\r\n`,
  );
  socket.write(Buffer.alloc(sizeBytes));
  await eventually(() => assert.ok(socket.writableLength > 0));
  slow?.reset();
  await eventually(() => assert.ok(socket.destroyed, 'what nobody reads is given up'));
});

test('requests are not collapsed where the route says so', async () => {
  await using alone = await startSite({ cache: { collapse: false } });
  const { page, held } = heldPage(alone);
  const all = [1, 2, 3].map(() => page.get());
  await eventually(() => assert.equal(held.length, 3));
  for (const request of held) reply(request, { fields: [KEPT], body: 'own' });
  for (const response of all) assert.equal((await response).text, 'own');
});

test('requests that carry a body, or change something, never stand for each other', async () => {
  const { page, held } = heldPage();
  const all = [1, 2, 3].map((n) => page.send({ method: 'POST', body: `${n}` }));
  await eventually(() => assert.equal(held.length, 3));
  for (const request of held) reply(request, { fields: [KEPT], body: `${await request.body}` });
  const texts = await Promise.all(all.map(async (response) => (await response).text));
  assert.deepEqual(texts, ['1', '2', '3']);
});

test('nothing is left when all of them have gone', async () => {
  await using stack = new AsyncDisposableStack();
  const held: ReceivedRequest[] = [];
  const page = site.page((request, nth) =>
    nth === 1 ? held.push(request) : reply(request, { fields: [KEPT], body: 'late' }),
  );
  const clients = await waiting(stack, page, 5);
  const { socket } = await awaitHeld(held);
  for (const client of clients) client.reset();
  await site.awaitClients(0);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n${KEPT}\r\n\r\nlate`);
  assert.equal((await page.get()).text, 'late');
  assert.ok(page.asked.length <= 2, 'given up, or kept for who comes next');
  await awaitRest(site.proxy);
});
