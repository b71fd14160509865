/** What happens to those that wait for one request when somebody leaves, fails or dawdles. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CachedSite, reply, startSite } from '../support/cached-site.ts';
import { awaitRest } from '../support/edge-at-rest.ts';
import { eventually } from '../support/eventually.ts';
import { answersOf, holdPage, waitingClients } from '../support/held-pages.ts';
import { getText, openClient } from '../support/raw-client.ts';
import { awaitSteady, sentBytes } from '../support/socket-flow.ts';

const KEPT = 'Cache-Control: max-age=60';

let site: CachedSite;

before(async () => {
  site = await startSite({ service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

test('the first one may leave', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const [first] = await waitingClients(stack, site, page, 1);
  const request = await awaitHeld();
  const others = await Promise.all([1, 2, 3].map(() => openClient(site.proxy.port)));
  for (const client of others) {
    stack.use(client);
    client.send(getText(page.path));
  }
  await site.awaitClients(4);
  first?.reset();
  await site.awaitClients(3);
  reply(request, { fields: [KEPT], body: 'still' });
  for (const { text } of await answersOf(others)) assert.equal(text, 'still');
  assert.equal(page.asked.length, 1);
});

test('the first one may leave in the middle of the answer', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const [first, ...others] = await waitingClients(stack, site, page, 3);
  const { socket } = await awaitHeld();
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n${KEPT}\r\n\r\nfirst`);
  await first?.receives('first');
  first?.reset();
  await site.awaitClients(2);
  socket.write('-rest');
  for (const { text } of await answersOf(others)) assert.equal(text, 'first-rest');
  assert.equal((await page.get()).text, 'first-rest');
  assert.equal(page.asked.length, 1);
});

test('when the one request fails there is at most one more', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, held } = holdPage(site);
  const clients = await waitingClients(stack, site, page, 50);
  let cut = 0;
  const cutting = setInterval(() => {
    for (; cut < held.length; cut++) held[cut]?.socket.destroy();
  }, 5);
  try {
    for (const { status } of await answersOf(clients)) assert.equal(status, 502);
  } finally {
    clearInterval(cutting);
  }
  assert.ok(page.asked.length <= 2, `asked ${page.asked.length} times`);
});

test('when the one request fails and the next does not, those that wait are answered', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const clients = await waitingClients(stack, site, page, 20);
  (await awaitHeld()).socket.destroy();
  reply(await awaitHeld(2), { fields: [KEPT], body: 'second try' });
  const statuses = (await answersOf(clients)).map(({ status }) => status);
  assert.ok(statuses.filter((status) => status === 200).length >= 19, statuses.join());
  assert.equal(page.asked.length, 2);
});

test('an answer that breaks off is broken for all, and not kept', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const clients = await waitingClients(stack, site, page, 5);
  const { socket } = await awaitHeld();
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n${KEPT}\r\n\r\nhalf`);
  await Promise.all(clients.map((client) => client.receives('half')));
  socket.destroy();
  for (const client of clients) {
    await client.ended();
    await assert.rejects(client.response(), /ended before the rest/);
  }
  const again = page.get();
  reply(await awaitHeld(2), { fields: [KEPT], body: 'whole' });
  assert.equal((await again).text, 'whole');
});

test('one that reads slowly does not keep the others', async () => {
  await using stack = new AsyncDisposableStack();
  const body = Buffer.alloc(6 * 1024 * 1024, 'x');
  const { page, awaitHeld } = holdPage(site);
  const [slow, ...others] = await waitingClients(stack, site, page, 4);
  slow?.socket.pause();
  const { socket } = await awaitHeld();
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${KEPT}\r\n\r\n`);
  socket.write(body);
  for (const response of await answersOf(others)) assert.equal(response.body.length, body.length);
  assert.equal((await page.get()).body.length, body.length);
  slow?.socket.resume();
  assert.equal((await slow?.response())?.body.length, body.length);
  assert.equal(page.asked.length, 1);
});

test('a slow reader who is alone does not make the edge read all there is', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(site);
  const [slow] = await waitingClients(stack, site, page, 1);
  slow?.socket.pause();
  const { socket } = await awaitHeld();
  const sizeBytes = 64 * 1024 * 1024;
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\nCache-Control: no-store\r\n\r\n`,
  );
  socket.write(Buffer.alloc(sizeBytes));
  const sentSize = await awaitSteady(() => sentBytes(socket));
  assert.ok(sentSize < sizeBytes, 'the edge takes no more than it can pass on');
  slow?.reset();
  await eventually(() => assert.ok(socket.destroyed, 'what nobody reads is given up'));
});

test('nothing is left when all of them have gone', async () => {
  await using stack = new AsyncDisposableStack();
  const { page, awaitHeld } = holdPage(
    site,
    (nth) => nth === 1,
    (request) => reply(request, { fields: [KEPT], body: 'late' }),
  );
  const clients = await waitingClients(stack, site, page, 5);
  const { socket } = await awaitHeld();
  for (const client of clients) client.reset();
  await site.awaitClients(0);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n${KEPT}\r\n\r\nlate`);
  assert.equal((await page.get()).text, 'late');
  assert.ok(page.asked.length <= 2, 'given up, or kept for who comes next');
  await awaitRest(site.proxy);
});
