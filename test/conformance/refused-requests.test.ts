/**
 * Requests that are well formed and refused all the same, for what they ask: each is answered with
 * a page, and its body never becomes a request of its own.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, openClient } from '../support/raw-client.ts';
import { type StrictOrigin, startStrictOrigin } from '../support/strict-origin.ts';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

interface Refused {
  /** Request lines and fields, without the end of the head. */
  readonly heads: readonly string[];
  readonly status: number;
}

const refused: Readonly<Record<string, Refused>> = {
  'a malformed escape in the path': {
    status: 400,
    heads: [
      'GET /% HTTP/1.1',
      'GET /%2 HTTP/1.1',
      'GET /a%zz HTTP/1.1',
      'GET /%%32f HTTP/1.1',
      'GET /%u002e HTTP/1.1',
      'GET /%-1 HTTP/1.1',
      'GET http://a/%f HTTP/1.1',
      'POST /a/%?b=%20 HTTP/1.1',
    ],
  },
  'an escaped NUL in the path': {
    status: 400,
    heads: ['GET /%00 HTTP/1.1', 'GET /a%00.png HTTP/1.1', 'POST http://a/%00 HTTP/1.1'],
  },
  'an expectation nobody can meet': {
    status: 417,
    heads: [
      'POST / HTTP/1.1\r\nExpect: 200-ok',
      'POST / HTTP/1.1\r\nExpect: 100-continue, x',
      'PUT / HTTP/1.1\r\nExpect: 100-continuee',
      'GET / HTTP/1.1\r\nExpect: x=y',
    ],
  },
  'OPTIONS of the edge itself': {
    status: 405,
    heads: ['OPTIONS * HTTP/1.1', 'OPTIONS http://a HTTP/1.1'],
  },
  TRACE: {
    status: 405,
    heads: [
      'TRACE / HTTP/1.1',
      'TRACE /a?b HTTP/1.1\r\nMax-Forwards: 0',
      'TRACE http://a/ HTTP/1.1',
    ],
  },
};

let origin: StrictOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startStrictOrigin();
  proxy = await startProxyTo([origin.url]);
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

/** Sends a request that must be refused, and shows that the origin got nothing but our own. */
async function assertRefused(bytes: string, status: number): Promise<void> {
  assert.equal((await get(proxy.port, '/before')).text, '/before');
  const before = origin.taken.length;
  await using client = await openClient(proxy.port);
  client.send(bytes);
  const response = await client.response();
  assert.equal(response.status, status, response.text);
  assert.equal(response.header('content-type'), 'application/problem+json');
  assert.equal((await get(proxy.port, '/after')).text, '/after');
  assert.deepEqual(
    origin.taken.slice(before).map(({ target }) => target),
    ['/after'],
  );
}

for (const [what, { heads, status }] of Object.entries(refused)) {
  for (const head of heads) {
    test(`${what} is answered ${status}: ${JSON.stringify(head)}`, async () => {
      await assertRefused(`${head}\r\nHost: a\r\n\r\n`, status);
    });

    test(`and no body of it is a request: ${JSON.stringify(head)}`, async () => {
      const length = `Content-Length: ${SMUGGLED.length}`;
      await assertRefused(`${head}\r\nHost: a\r\n${length}\r\n\r\n${SMUGGLED}`, status);
      const chunk = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;
      await assertRefused(
        `${head}\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
        status,
      );
    });
  }
}

test('what a client sends behind a refused CONNECT is not taken for a request', async () => {
  await assertRefused(`CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`, 405);
});
