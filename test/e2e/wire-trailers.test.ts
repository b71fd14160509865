/** Fields behind a chunked body, in both directions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { awaitInFlight } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import { startOrigin } from '../support/recording-origin.ts';
import { sameForEverySplit, sendApart, withoutIds } from '../support/splits.ts';

const POST = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Answers each whole upload with its chunks' data and its trailers. */
class UploadOrigin implements AsyncDisposable {
  readonly uploads: Upload[] = [];
  readonly connections = new Set<Socket>();
  /** What came last and is not a whole upload. */
  unread = '';
  private readonly server: Server;

  constructor() {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    for (const socket of this.connections) socket.destroy();
    await once(this.server, 'close');
  }

  private accept(socket: Socket): void {
    this.connections.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.connections.delete(socket));
    let unread = '';
    socket.on('data', (bytes: Buffer) => {
      unread += bytes.toString('latin1');
      this.unread = unread;
      const upload = readUpload(unread);
      if (!upload) return;
      unread = '';
      this.uploads.push(upload);
      const text = `${upload.data}|${upload.trailers.join('|')}`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    });
  }
}

interface Upload {
  readonly head: string;
  readonly data: string;
  readonly trailers: readonly string[];
}

/** A whole message in chunks, none of which holds a line end; undefined while it is not whole. */
function readUpload(text: string): Upload | undefined {
  const whole =
    /^(.*?\r\n\r\n)((?:[1-9a-f][0-9a-f]*\r\n[^\r\n]+\r\n)*)0\r\n((?:[^\r\n]+\r\n)*)\r\n$/s.exec(
      text,
    );
  if (!whole) return undefined;
  const [, head = '', chunks = '', trailers = ''] = whole;
  return {
    head,
    data: chunks.replace(/[0-9a-f]+\r\n([^\r\n]+)\r\n/g, '$1'),
    trailers: trailers.split('\r\n').filter((line) => line !== ''),
  };
}

/** Everything up to the end of the connection, as one message in chunks. */
async function readToEnd(client: RawClient): Promise<Upload> {
  await client.ended();
  const text = client.unread.toString('latin1');
  const message = readUpload(text);
  assert.ok(message, `not a whole message in chunks: ${JSON.stringify(text)}`);
  return message;
}

test('the trailers of an upload reach the origin, in order and as they were written', async () => {
  await using origin = await new UploadOrigin().listen();
  await using proxy = await startProxyTo([origin.url]);
  const bytes = `${POST}Connection: close\r\n\r\n3\r\nabc\r\nA\r\ndefghijklm\r\n0\r\nX-Sum: 1\r\nx-more: two words\r\nX-Sum: \r\n\r\n`;
  const answer = await sameForEverySplit(bytes, async (pieces) => {
    await using client = await openClient(proxy.port);
    await sendApart(client.socket, pieces);
    await client.ended();
    return withoutIds(client.unread);
  });
  assert.match(answer, /\r\n\r\nabcdefghijklm\|X-Sum: 1\|x-more: two words\|X-Sum: ?$/);
  for (const { head } of origin.uploads) {
    assert.match(head, /^transfer-encoding: chunked\r$/im);
    assert.doesNotMatch(head, /^(content-length|trailer|te):/im);
  }
});

test('a body without data may have trailers, and one without trailers comes behind it', async () => {
  await using origin = await new UploadOrigin().listen();
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send(`${POST}\r\n0\r\nX-Sum: 0\r\n\r\n`);
  assert.equal((await client.response()).text, '|X-Sum: 0');
  client.send(`${POST}\r\n1\r\na\r\n0\r\n\r\n`);
  assert.equal((await client.response()).text, 'a|');
  assert.equal(origin.connections.size, 1);
});

for (const line of [
  'Content-Length: 3',
  'Transfer-Encoding: chunked',
  'Host: other.test',
  'Set-Cookie: a=b',
  'Authorization: Bearer x',
  'X-Forwarded-For: 203.0.113.9',
]) {
  test(`an upload with the trailer ${line} is 400, and never whole for the origin`, async () => {
    await using origin = await new UploadOrigin().listen();
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    client.send(`${POST}\r\n3\r\nabc\r\n`);
    await eventually(() => assert.match(origin.unread, /abc/));
    client.send(`0\r\nX-Sum: 1\r\n${line}\r\n\r\n`);
    assert.equal((await client.response()).status, 400);
    await client.ended();
    assert.equal(client.unread.length, 0);
    await eventually(() => assert.equal(origin.connections.size, 0));
    assert.equal(origin.uploads.length, 0);
    await awaitInFlight(proxy, 0);
  });
}

test('trailers beyond the limits are 431, and never whole for the origin', async () => {
  await using origin = await new UploadOrigin().listen();
  await using proxy = await startProxyTo([origin.url], {}, { limits: { trailerSize: '1KiB' } });
  for (const trailers of [`X-Big: ${'x'.repeat(1_024)}\r\n`, 'X-A: 1\r\n'.repeat(101)]) {
    await using client = await openClient(proxy.port);
    client.send(`${POST}\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`);
    assert.equal((await client.response()).status, 431);
    await client.ended();
  }
  assert.equal(origin.uploads.length, 0);
  await using client = await openClient(proxy.port);
  client.send(`${POST}\r\n3\r\nabc\r\n0\r\nX-Big: ${'x'.repeat(1_000)}\r\n\r\n`);
  assert.match((await client.response()).text, /^abc\|X-Big: x{1000}$/);
});

test('the trailers of an answer reach the client, in order and as they were written', async () => {
  const splits = new Map<string, readonly string[]>();
  await using origin = await startOrigin(({ socket, target }) =>
    sendApart(socket, splits.get(target) ?? []),
  );
  await using proxy = await startProxyTo([origin.url]);
  const answer = `${CHUNKED}4\r\nbody\r\n0\r\nX-Sum: 1\r\nx-more: two words\r\nX-Sum: 2\r\n\r\n`;
  const outcome = await sameForEverySplit(answer, async (pieces) => {
    const path = `/${splits.size}`;
    splits.set(path, pieces);
    await using client = await openClient(proxy.port);
    client.send(getText(path, 'Connection: close'));
    const { head, data, trailers } = await readToEnd(client);
    return withoutIds([head, data, ...trailers].join('|'));
  });
  assert.match(outcome, /^HTTP\/1\.1 200 OK\r\n.*\|body\|X-Sum: 1\|x-more: two words\|X-Sum: 2$/s);
  assert.doesNotMatch(outcome, /^(content-length|trailer):/im);
});

test('an HTTP/1.0 client gets the body without the trailers', async () => {
  await using origin = await startOrigin(({ socket }) =>
    socket.write(`${CHUNKED}4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n`),
  );
  await using proxy = await startProxyTo([origin.url]);
  await using client = await openClient(proxy.port);
  client.send('GET / HTTP/1.0\r\n\r\n');
  assert.equal((await client.response()).text, 'body');
});

test('after trailers the connection of the upstream is used again', async () => {
  await using origin = await startOrigin(({ socket }) =>
    socket.write(`${CHUNKED}4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n`),
  );
  await using proxy = await startProxyTo([origin.url]);
  for (let i = 0; i < 3; i++) {
    await using client = await openClient(proxy.port);
    client.send(getText('/', 'Connection: close'));
    assert.equal((await readToEnd(client)).data, 'body');
  }
  assert.equal(origin.connectionCount, 1);
});

for (const [what, trailer] of Object.entries({
  'a length': 'Content-Length: 3',
  'a coding': 'Transfer-Encoding: chunked',
  'a cookie': 'Set-Cookie: a=b',
  'a malformed line': 'no colon here',
  'more than the limit': `X-Big: ${'x'.repeat(4_096)}`,
})) {
  test(`an answer with ${what} in its trailers never looks whole, nor does its connection serve again`, async () => {
    await using origin = await startOrigin(({ target, socket }) =>
      socket.write(`${CHUNKED}4\r\nbody\r\n0\r\n${target === '/bad' ? `${trailer}\r\n` : ''}\r\n`),
    );
    await using proxy = await startProxyTo([origin.url]);
    await using client = await openClient(proxy.port);
    client.send(getText('/bad'));
    const response = await client.response().catch(() => undefined);
    if (response) assert.equal(response.status, 502);
    await eventually(() => assert.equal(origin.connections.size, 0));
    assert.equal((await get(proxy.port, '/good')).text, 'body');
  });
}
