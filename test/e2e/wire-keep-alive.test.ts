/** How long a client's connection lasts: who keeps it, who ends it, and what HTTP/1.0 gets. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { getText, openClient } from '../support/raw-client.ts';
import { type RecordingOrigin, type Script, startOrigin } from '../support/recording-origin.ts';
import { echo, sameForEverySplit, sendApart, withoutIds } from '../support/splits.ts';

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

function old(path: string, ...fields: string[]): string {
  return [`GET ${path} HTTP/1.0`, ...fields, '', ''].join('\r\n');
}

async function withScript<T>(script: Script, act: () => Promise<T>): Promise<T> {
  origin.script = script;
  try {
    return await act();
  } finally {
    origin.script = echo;
  }
}

test('hundreds of requests of every kind are served on one connection', async () => {
  await using client = await openClient(proxy.port);
  for (let i = 0; i < 100; i++) {
    client.send(getText(`/open/${i}`));
    assert.match((await client.response()).text, new RegExp(`^GET /open/${i} HTTP/1.1\r\n`));

    client.send(`POST /open/ HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nlength`);
    assert.match((await client.response()).text, /\r\n\r\nlength$/);

    client.send(
      'PUT /open/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nchunks\r\n0\r\n\r\n',
    );
    assert.match((await client.response()).text, /\r\n\r\nchunks$/);

    client.send('HEAD /open/ HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response('HEAD')).status, 200);

    client.send(getText('/nowhere'));
    assert.equal((await client.response()).status, 404);
  }
  assert.equal(client.unread.length, 0);
});

for (const [how, fields] of Object.entries({
  'in capitals': ['Connection: CLOSE'],
  'among other options': ['Connection: x-one, close ,x-two'],
  'in a second field': ['Connection: x-one', 'Connection: close'],
  'together with keep-alive': ['Connection: keep-alive, close'],
})) {
  test(`Connection: close ${how} is honoured, and nothing behind it is served`, async () => {
    await using client = await openClient(proxy.port);
    const asked = origin.requests.length;
    client.send(getText('/open/last', ...fields) + getText('/open/never'));
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(response.header('connection'), 'close');
    await client.ended();
    assert.equal(client.unread.length, 0);
    assert.equal(client.socket.errored, null, 'ended, not reset');
    assert.deepEqual(
      origin.requests.slice(asked).map(({ target }) => target),
      ['/open/last'],
    );
  });
}

test('an answer to HTTP/1.0 says HTTP/1.1 and is the last of its connection', async () => {
  const request = old('/open/', 'Host: a');
  const answer = await sameForEverySplit(request, async (pieces) => {
    await using client = await openClient(proxy.port);
    await sendApart(client.socket, pieces);
    await client.ended();
    return withoutIds(client.unread);
  });
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /^connection: close\r$/im);
  assert.match(answer, /^content-length: \d+\r$/im);
  assert.match(answer, /\r\n\r\nGET \/open\/ HTTP\/1\.1\r\n/, 'and goes on as HTTP/1.1');
});

test('HTTP/1.0 with Connection: keep-alive keeps its connection, and hears so', async () => {
  const kept = old('/open/kept', 'Host: a', 'Connection: keep-alive');
  const answers = await sameForEverySplit(kept, async (pieces) => {
    await using client = await openClient(proxy.port);
    await sendApart(client.socket, pieces);
    const first = await client.response();
    assert.equal(first.header('connection'), 'keep-alive');
    assert.equal(first.framing, 'length');
    client.send(old('/open/last', 'Host: a'));
    const second = await client.response();
    assert.equal(second.header('connection'), 'close');
    await client.ended();
    return withoutIds(first.text + second.text);
  });
  assert.match(answers, /GET \/open\/kept HTTP.*GET \/open\/last HTTP/s);
});

test('a page for HTTP/1.0 ends the connection, and keeps it where that was asked', async () => {
  await using client = await openClient(proxy.port);
  client.send(old('/nowhere', 'Connection: keep-alive'));
  const kept = await client.response();
  assert.equal(kept.status, 404);
  assert.equal(kept.header('connection'), 'keep-alive');
  client.send(old('/nowhere'));
  const last = await client.response();
  assert.equal(last.status, 404);
  assert.equal(last.header('connection'), 'close');
  await client.ended();
});

const endless: Record<string, Script> = {
  chunked: ({ socket }) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'),
  'close-delimited': ({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nbody'),
};

for (const [framing, script] of Object.entries(endless)) {
  test(`a ${framing} answer ends the connection of an HTTP/1.0 client that wanted to keep it`, async () => {
    await withScript(script, async () => {
      await using client = await openClient(proxy.port);
      client.send(old('/open/', 'Host: a', 'Connection: keep-alive'));
      const response = await client.response();
      assert.equal(response.framing, 'close');
      assert.equal(response.header('connection'), 'close');
      assert.equal(response.text, 'body');
    });
  });
}

test('the bodiless answers leave the connection of an HTTP/1.0 client open', async () => {
  const bodiless: Script = ({ method, target, socket }) => {
    const status = target === '/open/204' ? '204 No Content' : '304 Not Modified';
    const length = method === 'HEAD' ? 'Content-Length: 9\r\n' : '';
    socket.write(`HTTP/1.1 ${method === 'HEAD' ? '200 OK' : status}\r\n${length}\r\n`);
  };
  await withScript(bodiless, async () => {
    await using client = await openClient(proxy.port);
    for (const path of ['/open/204', '/open/304']) {
      client.send(old(path, 'Connection: keep-alive'));
      const response = await client.response();
      assert.equal(String(response.status), path.slice('/open/'.length));
      assert.equal(response.header('connection'), 'keep-alive');
    }
    client.send(old('/open/', 'Connection: keep-alive').replace('GET', 'HEAD'));
    const response = await client.response('HEAD');
    assert.equal(response.header('connection'), 'keep-alive');
    assert.equal(response.header('content-length'), '9');
  });
});

test('an empty line between two requests is nothing', async () => {
  await using client = await openClient(proxy.port);
  const post = 'POST /open/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody\r\n';
  client.send(post);
  assert.equal((await client.response()).status, 200);
  client.send(getText('/open/next', 'Connection: close'));
  assert.match((await client.response()).text, /^GET \/open\/next /);
  await client.ended();
});

test('a connection that stays idle after an answer is ended without a word', async () => {
  const timeouts = { clientKeepAlive: '1s', requestHead: '1s' };
  await using edge = await startProxyTo([origin.url], {}, { timeouts });
  await using client = await openClient(edge.port);
  client.send(getText());
  assert.equal((await client.response()).status, 200);
  await client.ended();
  assert.equal(client.unread.length, 0);
});
