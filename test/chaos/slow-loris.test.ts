/**
 * Many clients that take all the time they are given, and hold a connection each: they are cut off,
 * and everybody else is served as if they were not there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAnswers, shown } from '../support/answers.ts';
import { awaitRest } from '../support/edge-at-rest.ts';
import { eventually } from '../support/eventually.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import { answerOk, startOrigin } from '../support/recording-origin.ts';

const CLIENTS = 100;

/** Opens `CLIENTS` connections, and closes what is left of them in the end. */
async function openMany(port: number): Promise<AsyncDisposable & { clients: RawClient[] }> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openClient(port)));
  return {
    clients,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  };
}

/** Far more than any client here gets to send before it is cut off. */
const MAX_PIECES = 250;

/** Sends `piece(0)`, `piece(1)` and so on, one every `everyMs`, until every client is cut off. */
async function trickle(
  clients: readonly RawClient[],
  everyMs: number,
  piece: (index: number) => string,
): Promise<void> {
  for (let index = 0; index < MAX_PIECES; index++) {
    const connected = clients.filter(({ isEnded }) => !isEnded);
    if (connected.length === 0) return;
    for (const client of connected) client.send(piece(index));
    await sleep(everyMs);
  }
  throw new Error('there are clients that are not cut off');
}

/** Runs `attack` to its end while others are served all along; resolves with how many were. */
async function servedDuring(port: number, attack: Promise<void>): Promise<number> {
  let isOver = false;
  void Promise.allSettled([attack]).then(() => {
    isOver = true;
  });
  let served = 0;
  await using kept = await openClient(port);
  while (!isOver) {
    kept.send(getText('/kept'));
    assert.equal((await kept.response()).text, 'ok');
    assert.equal((await get(port, '/new')).text, 'ok');
    served++;
    await sleep(10);
  }
  await attack;
  return served;
}

/** Each client got the page that says it was too slow. */
function assertTimedOut(clients: readonly RawClient[]): void {
  for (const client of clients) {
    const { whole, broken } = readAnswers(client.unread);
    const statuses = whole.map(({ status }) => status);
    assert.deepEqual(statuses, [408], shown(client.unread));
    assert.equal(broken.length, 0);
  }
}

const HEAD = `GET / HTTP/1.1\r\nHost: a\r\nX-Padding: ${'x'.repeat(10_000)}`;

for (const [what, start] of [
  ['heads', ''],
  ['second heads of a connection', getText()],
] as const) {
  test(`clients that send ${what} a byte at a time are cut off with 408`, async () => {
    await using origin = await startOrigin(answerOk);
    await using proxy = await startProxyTo(
      [origin.url],
      {},
      { timeouts: { requestHead: '1s', clientKeepAlive: '60s' } },
    );
    await using attackers = await openMany(proxy.port);
    const { clients } = attackers;
    if (start) {
      for (const client of clients) {
        client.send(start);
        await client.response();
      }
    }
    const asked = origin.requests.length;
    const attack = trickle(clients, 50, (index) => HEAD[index] ?? 'x');
    assert.ok((await servedDuring(proxy.port, attack)) > 0);
    assertTimedOut(clients);
    const theirs = origin.requests.slice(asked).filter(({ target }) => target === '/');
    assert.equal(theirs.length, 0);
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    await awaitRest(proxy);
  });
}

const framings = [
  ['Content-Length: 1000000', 'x'],
  ['Transfer-Encoding: chunked', '1\r\nx\r\n'],
] as const;

test('uploads that move, but hardly, are cut off', async () => {
  await using origin = await startOrigin(answerOk);
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    { timeouts: { requestBodyIdle: '30s' }, limits: { requestBodyRate: '240B' } },
  );
  await using attackers = await openMany(proxy.port);
  const { clients } = attackers;
  const half = CLIENTS / 2;
  const attacks = framings.map(([head, piece], i) => {
    const these = clients.slice(i * half, (i + 1) * half);
    for (const client of these) client.send(`POST /slow HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
    return trickle(these, 100, () => piece);
  });
  const attack = Promise.all(attacks).then(() => {});
  assert.ok((await servedDuring(proxy.port, attack)) > 0);
  for (const { unread } of clients) {
    const statuses = readAnswers(unread).whole.map(({ status }) => status);
    assert.ok(['', '408'].includes(statuses.join()), shown(unread));
  }
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  await awaitRest(proxy);
  const theirs = origin.requests.filter(({ target }) => target === '/slow');
  await eventually(() => assert.ok(theirs.every(({ socket }) => socket.destroyed)));
});

test('an upload above the least rate goes on for as long as it takes', async () => {
  await using origin = await startOrigin(answerOk);
  await using proxy = await startProxyTo([origin.url], {}, { limits: { requestBodyRate: '240B' } });
  await using client = await openClient(proxy.port);
  const sizeBytes = 7_000;
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
  for (let sent = 0; sent < sizeBytes; sent += 100) {
    client.send('x'.repeat(100));
    await sleep(100);
  }
  assert.equal((await client.response()).text, 'ok');
  assert.equal((await origin.last.body).length, sizeBytes);
});

test('clients that do not read are cut off, and cost the others nothing', async () => {
  const big = Buffer.alloc(16 * 1024 * 1024);
  await using origin = await startOrigin((request) => {
    if (request.target !== '/big') return request.answer('ok');
    request.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`);
    return request.socket.write(big);
  });
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    { timeouts: { responseStall: '500ms' } },
  );
  await using attackers = await openMany(proxy.port);
  for (const client of attackers.clients) {
    client.socket.pause();
    client.send(getText('/big'));
  }
  const theirs = () => origin.requests.filter(({ target }) => target === '/big');
  const cutOff = eventually(() => {
    assert.equal(theirs().length, CLIENTS);
    assert.ok(theirs().every(({ socket }) => socket.destroyed));
  });
  assert.ok((await servedDuring(proxy.port, cutOff)) > 0);
  await awaitRest(proxy);
});
