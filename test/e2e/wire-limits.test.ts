/** Sizes and counts: what is at a limit passes, what is beyond it is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitInFlight } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import { type RecordingOrigin, type Script, startOrigin } from '../support/recording-origin.ts';
import { echo, sameForEverySplit, sendApart, withoutIds } from '../support/splits.ts';

const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

type Limits = NonNullable<Parameters<typeof startProxyTo>[2]>['limits'];

function startLimited(origin: RecordingOrigin, limits: Limits): Promise<ProxyProcess> {
  return startProxyTo([origin.url], {}, { limits });
}

async function assertLastPage(client: RawClient, status: number): Promise<void> {
  const page = await client.response();
  assert.equal(page.status, status);
  assert.equal(page.header('content-type'), 'application/problem+json');
  assert.equal(page.header('connection'), 'close');
  await client.ended();
  assert.equal(client.unread.length, 0);
}

async function assertRefused(proxy: ProxyProcess, bytes: string, status: number): Promise<void> {
  await using client = await openClient(proxy.port);
  client.send(bytes);
  await assertLastPage(client, status);
}

test('a target beyond limits.requestTargetSize is 414 and the last of its connection', async () => {
  await using origin = await startOrigin();
  await using proxy = await startLimited(origin, { requestTargetSize: '256B' });
  const target = (size: number) => `/${'a'.repeat(size / 2)}?${'b'.repeat(size)}`.slice(0, size);
  assert.equal((await get(proxy.port, target(256))).status, 200);
  await assertRefused(proxy, getText(target(257)) + getText(), 414);
  // It is as long as it is before it has been read to its end.
  await assertRefused(proxy, `GET ${target(1_000)}`, 414);
  assert.equal(origin.requests.length, 1);
});

test('the default limit of a target is 8 KiB', async () => {
  await using origin = await startOrigin();
  await using proxy = await startLimited(origin, {});
  assert.equal((await get(proxy.port, `/${'a'.repeat(8 * 1024 - 1)}`)).status, 200);
  await assertRefused(proxy, getText(`/${'a'.repeat(8 * 1024)}`), 414);
});

test('a head that is too large or has too many fields is the last of its connection', async () => {
  await using origin = await startOrigin();
  await using proxy = await startLimited(origin, {
    requestHeadSize: '1KiB',
    requestHeaderCount: 10,
  });
  const fields = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: ${i}`);
  assert.equal((await get(proxy.port, '/', `X: ${'x'.repeat(900)}`)).status, 200);
  assert.equal((await get(proxy.port, '/', ...fields(9))).status, 200);
  await assertRefused(proxy, getText('/', `X: ${'x'.repeat(1_024)}`) + getText(), 431);
  await assertRefused(proxy, getText('/', ...fields(10)) + getText(), 431);
  await assertRefused(proxy, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2_000)}`, 431);
  assert.equal(origin.requests.length, 2);
});

test('a body announced beyond limits.requestBodySize is 413 at once', async () => {
  await using origin = await startOrigin(echo);
  await using proxy = await startLimited(origin, { requestBodySize: '1KiB' });
  const upload = (size: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`;
  await using client = await openClient(proxy.port);
  client.send(`${upload(1_024)}${'x'.repeat(1_024)}`);
  assert.match((await client.response()).text, /\r\n\r\nx{1024}$/);
  client.send(upload(1_025));
  await assertLastPage(client, 413);
  assert.equal(origin.requests.length, 1);
});

test('a chunked body is 413 when it has grown beyond the limit, and never whole for the origin', async () => {
  await using origin = await startOrigin(echo);
  await using proxy = await startLimited(origin, { requestBodySize: '1KiB' });
  const chunk = `200\r\n${'x'.repeat(512)}\r\n`;
  await using whole = await openClient(proxy.port);
  whole.send(`${CHUNKED}${chunk}${chunk}0\r\n\r\n`);
  assert.match((await whole.response()).text, /\r\n\r\nx{1024}$/);

  await using client = await openClient(proxy.port);
  client.send(`${CHUNKED}${chunk}${chunk}`);
  await eventually(() => assert.equal(origin.requests.length, 2));
  client.send('1\r\nx\r\n0\r\n\r\n');
  await assertLastPage(client, 413);
  await eventually(() => assert.ok(origin.last.socket.destroyed));
  await awaitInFlight(proxy, 0);
});

test('a body beyond the limit is refused though the client goes on sending all of it', async () => {
  await using origin = await startOrigin();
  await using proxy = await startLimited(origin, { requestBodySize: '1KiB' });
  const SIZE = 16 * 1024 * 1024;
  for (const head of [
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`,
    `${CHUNKED}${SIZE.toString(16)}\r\n`,
  ]) {
    await using client = await openClient(proxy.port);
    client.send(head);
    client.send(Buffer.alloc(SIZE));
    await assertLastPage(client, 413);
  }
});

test('the extensions of all chunks together have a limit, and beyond it the upload is 400', async () => {
  await using origin = await startOrigin(echo);
  await using proxy = await startLimited(origin, { chunkExtensionSize: '1KiB' });
  const chunk = `1;${'e'.repeat(99)}\r\nx\r\n`;
  await using whole = await openClient(proxy.port);
  whole.send(`${CHUNKED}${chunk.repeat(10)}0\r\n\r\n`);
  assert.match((await whole.response()).text, /\r\n\r\nx{10}$/);
  await assertRefused(proxy, `${CHUNKED}${chunk.repeat(11)}0\r\n\r\n`, 400);
});

test('an answer with too many chunk extensions never looks whole', async () => {
  const script: Script = ({ target, socket }) => {
    const chunk = `1;${'e'.repeat(99)}\r\nx\r\n`.repeat(target === '/many' ? 11 : 10);
    socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`);
  };
  await using origin = await startOrigin(script);
  await using proxy = await startLimited(origin, { chunkExtensionSize: '1KiB' });
  const many = await get(proxy.port, '/many').catch(() => undefined);
  if (many) assert.equal(many.status, 502);
  assert.equal((await get(proxy.port, '/few')).text, 'x'.repeat(10));
});

test('an answer with more fields than limits.responseHeaderCount is 502', async () => {
  const script: Script = (request) => {
    // Content-Length is one of them.
    const count = request.target === '/many' ? 10 : 9;
    request.answer('ok', ...Array.from({ length: count }, (_, i) => `X-${i}: ${i}`));
  };
  await using origin = await startOrigin(script);
  await using proxy = await startLimited(origin, { responseHeaderCount: 10 });
  assert.equal((await get(proxy.port, '/few')).text, 'ok');
  assert.equal((await get(proxy.port, '/many')).status, 502);
  assert.equal((await get(proxy.port, '/few')).text, 'ok');
});

const refused: Record<string, readonly [request: string, status: number]> = {
  'a transfer coding that is not known': [
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  'a chunk size that is none': [`${CHUNKED}3\r\nabc\r\nxyz\r\n`, 400],
  'a chunk longer than its size': [`${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`, 400],
  'a transfer coding in HTTP/1.0': [
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
};

for (const [what, [request, status]] of Object.entries(refused)) {
  test(`${what} is ${status} and the last of its connection, in any pieces`, async () => {
    await using origin = await startOrigin(echo);
    await using proxy = await startLimited(origin, {});
    const page = await sameForEverySplit(request, async (pieces) => {
      await using client = await openClient(proxy.port);
      await sendApart(client.socket, pieces);
      await client.ended();
      return withoutIds(client.unread);
    });
    assert.match(page, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(page, /^connection: close\r$/im);
    await awaitInFlight(proxy, 0);
    assert.equal((await get(proxy.port)).status, 200);
  });
}
