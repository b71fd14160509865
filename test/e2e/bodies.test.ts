/** Bodies and their framing, from client to upstream and back. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';
import { answerOk, type RecordingOrigin, startOrigin } from '../support/recording-origin.ts';
import { awaitSteady, sentBytes } from '../support/socket-flow.ts';

const MIB = 1024 * 1024;

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url]);
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

test('a body with a length arrives whole, with its length', async () => {
  await exchangeOnce(proxy.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
  assert.equal((await origin.last.body).toString(), 'hello');
  assert.equal(origin.last.header('content-length'), '5');
});

test('a chunked body arrives whole, framed anew', async () => {
  await exchangeOnce(
    proxy.port,
    'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n',
  );
  assert.equal((await origin.last.body).toString(), 'hello');
});

test('a POST without a body stays without one', async () => {
  await exchangeOnce(proxy.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  assert.equal((await origin.last.body).length, 0);
  assert.equal(origin.last.header('transfer-encoding'), undefined);
});

test('a chunked answer arrives chunk by chunk, not at its end', async () => {
  origin.script = ({ socket }) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
  await using client = await openClient(proxy.port);
  client.send(getText());
  await client.receives('first');
  origin.last.socket.write('4\r\nlast\r\n0\r\n\r\n');
  const response = await client.response();
  origin.script = answerOk;
  assert.equal(response.text, 'firstlast');
  assert.equal(response.framing, 'chunked');
});

test('an upload arrives piece by piece, not at its end', async () => {
  let received = '';
  origin.script = (request) => {
    request.socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    return answerOk(request);
  };
  await using client = await openClient(proxy.port);
  const { length } = origin.requests;
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
  await eventually(() => assert.ok(origin.requests.length > length));
  client.send('6\r\nsecond\r\n');
  await eventually(() => assert.match(received, /second/));
  client.send('4\r\nlast\r\n0\r\n\r\n');
  assert.equal((await client.response()).status, 200);
  origin.script = answerOk;
  assert.equal((await origin.last.body).toString(), 'firstsecondlast');
});

test('an answer that ends with its connection becomes one with a visible end', async () => {
  origin.script = ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil ');
    socket.end('the end');
  };
  await using client = await openClient(proxy.port);
  client.send(getText());
  const response = await client.response();
  origin.script = answerOk;
  assert.equal(response.text, 'until the end');
  assert.equal(response.framing, 'chunked');
  client.send(getText());
  assert.equal((await client.response()).text, 'ok');
});

test('an HTTP/1.0 upstream is understood', async () => {
  origin.script = ({ socket }) => socket.end('HTTP/1.0 200 Fine\r\n\r\nold');
  const response = await get(proxy.port);
  origin.script = answerOk;
  assert.equal(response.text, 'old');
  assert.equal(response.status, 200);
});

test('an HTTP/1.0 client gets no chunks, and the end of the connection', async () => {
  origin.script = ({ socket }) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
  await using client = await openClient(proxy.port);
  client.send('GET / HTTP/1.0\r\n\r\n');
  const response = await client.response();
  origin.script = answerOk;
  assert.equal(response.framing, 'close');
  assert.equal(response.text, 'abc');
  assert.equal(origin.last.version, 'HTTP/1.1');
  assert.equal(origin.last.header('host'), `127.0.0.1:${proxy.port}`);
});

test('HEAD answers keep the length of the body they do not have', async () => {
  origin.script = ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n');
  await using client = await openClient(proxy.port);
  client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
  const response = await client.response('HEAD');
  origin.script = answerOk;
  assert.equal(response.header('content-length'), '1234');
  client.send(getText());
  assert.equal((await client.response()).text, 'ok');
});

for (const status of [204, 304]) {
  test(`${status} has no body, and the connection goes on`, async () => {
    origin.script = ({ socket }) => socket.write(`HTTP/1.1 ${status} Nothing\r\nETag: "x"\r\n\r\n`);
    await using client = await openClient(proxy.port);
    client.send(getText());
    const response = await client.response();
    origin.script = answerOk;
    assert.equal(response.status, status);
    assert.equal(response.header('etag'), '"x"');
    assert.equal(response.header('transfer-encoding'), undefined);
    client.send(getText());
    assert.equal((await client.response()).text, 'ok');
  });
}

test('a client that expects 100-continue is told to go on', async () => {
  await using client = await openClient(proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  assert.match((await client.head()).startLine, /^HTTP\/1\.1 100 /);
  assert.equal((await client.response()).status, 100);
  client.send('body');
  assert.equal((await client.response()).text, 'ok');
  assert.equal((await origin.last.body).toString(), 'body');
});

test('interim answers of an upstream do not end the exchange', async () => {
  origin.script = (request) => {
    request.socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n');
    request.answer('final');
  };
  const response = await get(proxy.port);
  origin.script = answerOk;
  assert.equal(response.text, 'final');
});

test('requests sent at once on one connection are answered in order', async () => {
  origin.script = (request) => request.answer(request.target);
  await using client = await openClient(proxy.port);
  client.send(getText('/1') + getText('/2') + getText('/3'));
  const texts = [];
  for (let i = 0; i < 3; i++) texts.push((await client.response()).text);
  origin.script = answerOk;
  assert.deepEqual(texts, ['/1', '/2', '/3']);
});

test('sixteen mebibytes cross both ways unchanged', async () => {
  origin.script = async (request) => {
    const body = await request.body;
    request.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
    request.socket.write(body);
  };
  const upload = randomBytes(16 * MIB);
  await using client = await openClient(proxy.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${upload.length}\r\n\r\n`);
  client.send(upload);
  const response = await client.response();
  origin.script = answerOk;
  assert.ok(response.body.equals(upload));
});

/** Most bytes the kernel lets the buffer of a socket grow to, in one direction (tcp(7)). */
function mostBuffered(direction: 'rmem' | 'wmem'): number {
  const [, , most] = readFileSync(`/proc/sys/net/ipv4/tcp_${direction}`, 'utf8')
    .trim()
    .split(/\s+/);
  return Number(most);
}

/** What an edge may have of one body itself, and a block that its sender has half written. */
const EDGE_BYTES = 4 * MIB;
// A body that nobody reads is held in two connections, each with a socket that sends and one that
// receives; whatever is more than these take is in the edge.
const HELD_LIMIT = 2 * (mostBuffered('rmem') + mostBuffered('wmem')) + EDGE_BYTES;
const BLOCK = Buffer.alloc(MIB, 'x');
const BLOCKS = Math.ceil(HELD_LIMIT / MIB) + 64;
const TRANSFER = BLOCKS * MIB;

/** Sends the whole transfer as fast as it is taken, or until the connection is cut. */
function transferTo(socket: Socket): Promise<void> {
  const blocks = Readable.from(Array<Buffer>(BLOCKS).fill(BLOCK));
  return pipeline(blocks, socket, { end: false }).catch(() => {});
}

test('a client that does not read pauses its upstream, and gets everything when it reads', async () => {
  origin.script = ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TRANSFER}\r\n\r\n`);
    return transferTo(socket);
  };
  await using client = await openClient(proxy.port);
  client.send(getText());
  const { sizeBytes } = await client.head();
  client.socket.pause();
  const sent = await awaitSteady(() => sentBytes(origin.last.socket));
  const held = sent - client.socket.bytesRead;
  assert.ok(held < HELD_LIMIT, `${held} bytes left the origin though nobody read them`);

  let received = client.unread.length;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  client.socket.resume();
  await eventually(() => assert.equal(received, sizeBytes + TRANSFER));
  origin.script = answerOk;
});

test('an upstream that does not read pauses its client', async () => {
  origin.script = (request) => request.socket.pause();
  await using client = await openClient(proxy.port);
  const { length } = origin.requests;
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${TRANSFER}\r\n\r\n`);
  await eventually(() => assert.ok(origin.requests.length > length));
  const writing = transferTo(client.socket);
  const sent = await awaitSteady(() => sentBytes(client.socket));
  const held = sent - origin.last.socket.bytesRead;
  origin.script = answerOk;
  assert.ok(held < HELD_LIMIT, `${held} bytes left the client though nobody read them`);
  client.socket.destroy();
  await writing;
});
