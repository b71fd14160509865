/** Requests sent ahead of their answers: their order, what is held of them, and what breaks it. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { getText, openClient, type RawClient } from '../support/raw-client.ts';
import {
  type ReceivedRequest,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';
import { awaitSteady, sentBytes } from '../support/socket-flow.ts';
import { echo, sameForEverySplit, sendApart, splitsOf, withoutIds } from '../support/splits.ts';

const MIB = 1024 * 1024;

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin(echo);
  proxy = await startProxyTo([origin.url], {}, { routes: [{ match: routed, service: 'app' }] });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

const routed = { path: '/open/*' };

async function withScript<T>(script: Script, act: () => Promise<T>): Promise<T> {
  origin.script = script;
  try {
    return await act();
  } finally {
    origin.script = echo;
  }
}

async function texts(client: RawClient, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let i = 0; i < count; i++) all.push((await client.response()).text);
  return all;
}

test('requests of every kind, sent at once in any pieces, are answered in order', async () => {
  const requests = [
    getText('/open/1'),
    'POST /open/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo',
    getText('/nowhere'),
    'PUT /open/3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n',
    'HEAD /open/4 HTTP/1.1\r\nHost: a\r\n\r\n',
    '\r\nDELETE /open/5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ];
  const answers = await sameForEverySplit(requests.join(''), async (pieces) => {
    await using client = await openClient(proxy.port);
    await sendApart(client.socket, pieces);
    await client.ended();
    return withoutIds(client.unread);
  });
  assert.match(
    answers,
    /GET \/open\/1 .*POST \/open\/2 .*\r\n\r\ntwoHTTP.* 404 .*PUT \/open\/3 .*\r\n\r\nthreeHTTP.*DELETE \/open\/5 /s,
  );
  assert.equal(answers.match(/^(.*})?\s*(two|three)?HTTP\/1\.1 \d+ /gm)?.length, requests.length);
});

test('the next request is passed on when the one before it has been answered', async () => {
  let open = 0;
  let mostOpen = 0;
  const slow: Script = async (request) => {
    mostOpen = Math.max(mostOpen, ++open);
    await sleep(10);
    open--;
    request.answer(request.target);
  };
  await withScript(slow, async () => {
    await using client = await openClient(proxy.port);
    const paths = Array.from({ length: 20 }, (_, i) => `/open/${i}`);
    client.send(paths.map((path) => getText(path)).join(''));
    assert.deepEqual(await texts(client, paths.length), paths);
    assert.equal(mostOpen, 1);
  });
});

// What the kernel holds for the two sockets between client and edge is below this.
const HELD_LIMIT = 24 * MIB;

test('thousands of requests behind one that waits stay in the socket, and are answered in order', async () => {
  const held: ReceivedRequest[] = [];
  await withScript(hold(held), async () => {
    await using client = await openClient(proxy.port);
    const paths = Array.from({ length: 4_000 }, (_, i) => `/open/${i}`);
    const fill = `X-Fill: ${'x'.repeat(12 * 1024)}`;
    const requests = Readable.from(paths.map((path) => getText(path, fill)));
    requests.pipe(client.socket, { end: false });
    const sent = await awaitSteady(() => sentBytes(client.socket));
    assert.ok(sent < HELD_LIMIT, `${sent} bytes left the client though nothing was answered`);
    assert.equal(held.length, 1);

    origin.script = (request) => request.answer(request.target);
    for (const request of held) request.answer(request.target);
    assert.deepEqual(await texts(client, paths.length), paths);
  });
});

test('ten thousand small requests that the edge answers itself are answered in order', async () => {
  await using client = await openClient(proxy.port);
  const paths = Array.from({ length: 10_000 }, (_, i) => `/nowhere/${i}`);
  client.send(paths.map((path) => getText(path)).join(''));
  for (const path of paths) {
    const response = await client.response();
    assert.equal(response.status, 404);
    assert.ok(response.text.includes(`GET ${path}"`), path);
  }
});

test('a client that does not read its answers is not served the next ones', async () => {
  const body = 'x'.repeat(MIB);
  await withScript(
    (request) => request.answer(body),
    async () => {
      await using client = await openClient(proxy.port);
      const asked = origin.requests.length;
      client.socket.pause();
      client.send(getText('/open/').repeat(200));
      const served = await awaitSteady(() => origin.requests.length - asked);
      assert.ok(served < 100, `${served} requests were passed on`);
    },
  );
});

const broken: Record<string, string> = {
  'a field without a name': 'GET /open/never HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n',
  'another version': 'GET /open/never HTTP/2.0\r\nHost: a\r\n\r\n',
  'two framings':
    'POST /open/never HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
};

for (const [what, bytes] of Object.entries(broken)) {
  test(`a request with ${what} behind a good one leaves that one's answer whole, and is not answered`, async () => {
    const held: ReceivedRequest[] = [];
    await withScript(hold(held), async () => {
      await using stack = new AsyncDisposableStack();
      const clients = await sendBehindHeld(stack, held, bytes);
      // Time for the edge to read what follows before the answer is there.
      await sleep(100);
      for (const request of held) request.answer('whole');
      for (const client of clients) {
        assert.equal((await client.response()).text, 'whole');
        await client.ended();
        assert.equal(client.unread.length, 0);
      }
      assert.ok(held.every(({ target }) => target === '/open/good'));
    });
  });
}

test('an upgrade behind an unanswered request is cut off, however it arrives', async () => {
  const held: ReceivedRequest[] = [];
  await withScript(hold(held), async () => {
    await using stack = new AsyncDisposableStack();
    const upgrade =
      'GET /open/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    for (const client of await sendBehindHeld(stack, held, upgrade)) {
      await client.ended();
      assert.equal(client.unread.length, 0, 'nothing is answered out of turn');
    }
    assert.ok(held.every(({ target }) => target === '/open/good'));
  });
});

test('a body that breaks off behind a good request leaves the answer to that one whole', async () => {
  const held: ReceivedRequest[] = [];
  await withScript(hold(held), async () => {
    await using client = await openClient(proxy.port);
    const chunked = 'POST /open/bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    client.send(`${getText('/open/good')}${chunked}3\r\nabc\r\nnonsense\r\n`);
    await eventually(() => assert.equal(held.length, 1));
    held[0]?.answer('whole');
    assert.equal((await client.response()).text, 'whole');
    // The second was good as far as its head goes: it may have its page, and nothing else.
    const page = await client.response().catch(() => undefined);
    if (page) assert.equal(page.status, 400);
    await client.ended();
    assert.equal(client.unread.length, 0);
  });
});

function hold(held: ReceivedRequest[]): Script {
  return (request) => held.push(request);
}

/** For every split of `bytes` a client that sends it behind a request that waits. */
async function sendBehindHeld(
  stack: AsyncDisposableStack,
  held: readonly ReceivedRequest[],
  bytes: string,
): Promise<RawClient[]> {
  const splits = splitsOf(bytes);
  const clients = await Promise.all(splits.map(() => openClient(proxy.port)));
  for (const client of clients) {
    stack.use(client);
    client.send(getText('/open/good'));
  }
  await eventually(() => assert.equal(held.length, splits.length));
  await Promise.all(clients.map(({ socket }, i) => sendApart(socket, splits[i] ?? [])));
  return clients;
}
