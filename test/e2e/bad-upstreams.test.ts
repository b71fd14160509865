/** What an upstream that breaks the protocol cannot do: fool a client, or harm the next one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitInFlight } from '../support/admin-client.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';
import {
  answerOk,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url], { timeouts: { firstByte: '2s', idle: '2s' } });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

async function withScript<T>(script: Script, act: () => Promise<T>): Promise<T> {
  origin.script = script;
  try {
    return await act();
  } finally {
    origin.script = answerOk;
  }
}

const send =
  (bytes: string): Script =>
  ({ socket }) =>
    socket.write(bytes, 'latin1');

const invalid: Record<string, string> = {
  'a status that is no number': 'HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n',
  'two different lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
  'a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nab',
  'length and chunks':
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a field without a colon': 'HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n',
  'space before a colon': 'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 0\r\n\r\n',
  'a NUL in a field': 'HTTP/1.1 200 OK\r\nX-A: 1\x002\r\nContent-Length: 0\r\n\r\n',
  'a bare CR in a field': 'HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2\r\nContent-Length: 0\r\n\r\n',
  'another protocol': 'SMTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  'an upgrade nobody asked for':
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
};

for (const [what, bytes] of Object.entries(invalid)) {
  test(`an answer with ${what} becomes a 502 page`, async () => {
    await withScript(send(bytes), async () => {
      const response = await get(proxy.port);
      assert.equal(response.status, 502);
      assert.equal(response.header('content-type'), 'application/problem+json');
    });
    await awaitInFlight(proxy, 0);
    assert.equal((await get(proxy.port)).text, 'ok');
  });
}

const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';

const surplus: Record<string, readonly [method: 'GET' | 'HEAD', bytes: string]> = {
  'behind its body': ['GET', `HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal${POISON}`],
  'behind its last chunk': [
    'GET',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nreal\r\n0\r\n\r\n${POISON}`,
  ],
  'behind a 204': ['GET', `HTTP/1.1 204 No Content\r\n\r\n${POISON}`],
  'behind a 304': ['GET', `HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n${POISON}`],
  'as the body of a HEAD': ['HEAD', `HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n${POISON}`],
};

for (const [where, [method, bytes]] of Object.entries(surplus)) {
  test(`bytes an upstream sends ${where} never become somebody else's answer`, async () => {
    await withScript(send(bytes), () =>
      exchangeOnce(proxy.port, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).catch(() => {}),
    );
    for (let i = 0; i < 3; i++) assert.equal((await get(proxy.port)).text, 'ok');
  });
}

test('bytes an upstream sends on an idle connection never become an answer', async () => {
  assert.equal((await get(proxy.port)).text, 'ok');
  for (const socket of origin.connections) socket.write(POISON);
  await sleep(50);
  for (let i = 0; i < 3; i++) assert.equal((await get(proxy.port)).text, 'ok');
});

test('an answer before the upload is complete leaves the connection usable or closed', async () => {
  await withScript(
    (request) => request.answer('early'),
    async () => {
      await using client = await openClient(proxy.port);
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf');
      assert.equal((await client.response()).text, 'early');
      // The second half must be taken as the body it is, never as a request.
      client.send(`half${getText('/next')}`);
      const next = await client.response().catch(() => undefined);
      assert.ok(next === undefined || next.status === 200, `${next?.status}`);
      assert.ok(origin.requests.every(({ method }) => !method.startsWith('half')));
    },
  );
});

test('an upstream that answers and closes with every request serves all of them', async () => {
  await withScript(
    (request) => {
      request.answer('last', 'Connection: close');
      request.socket.end();
    },
    async () => {
      await using client = await openClient(proxy.port);
      for (let i = 0; i < 20; i++) {
        client.send(getText());
        const response = await client.response();
        assert.equal(response.text, 'last');
        assert.equal(response.header('connection'), 'keep-alive');
      }
    },
  );
});

test('an upstream that closes without saying so, right after its answer, serves all requests', async () => {
  await withScript(
    (request) => {
      request.answer('last');
      request.socket.end();
    },
    async () => {
      for (let i = 0; i < 20; i++) assert.equal((await get(proxy.port)).text, 'last');
    },
  );
});

for (const [name, phrase] of [
  ['a control character', 'O\x07K'],
  ['bytes beyond ASCII', '\xe6\x97\xa5'],
] as const) {
  test(`a reason phrase with ${name} stays behind, and the answer arrives`, async () => {
    await using odd = await startOrigin(({ socket }) =>
      socket.write(`HTTP/1.1 200 ${phrase}\r\nContent-Length: 2\r\n\r\nok`, 'latin1'),
    );
    await using edge = await startProxyTo([odd.url]);
    const response = await get(edge.port);
    // Whether the parser takes the phrase or not, the client gets a whole answer.
    if (response.status === 200) assert.equal(response.text, 'ok');
    else assert.equal(response.status, 502);
    assert.ok(response.header('x-request-id'));
  });
}
