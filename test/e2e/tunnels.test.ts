/** Upgraded connections byte by byte: handshakes that fail, ends, and what happens in between. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitInFlight } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { refusingUrl } from '../support/free-port.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, openClient, type RawResponse } from '../support/raw-client.ts';
import { type RecordingOrigin, type Script, startOrigin } from '../support/recording-origin.ts';
import { awaitSteady, sentBytes } from '../support/socket-flow.ts';

const SWITCHING = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'X-Origin: yes',
  '\r\n',
].join('\r\n');

const UPGRADE = [
  'GET /tunnel HTTP/1.1',
  'Host: edge.test',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

/** Agrees, and sends back what it gets in capitals. */
const shout: Script = ({ socket }) => {
  socket.write(SWITCHING);
  socket.on('data', (chunk) => socket.write(chunk.toString('latin1').toUpperCase()));
};

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin(shout);
  proxy = await startProxyTo([origin.url], {
    timeouts: { handshake: '400ms', tunnelIdle: '1s' },
    retries: 0,
  });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

function assertPage(response: RawResponse, status: number, kind: string): void {
  assert.equal(response.status, status, response.text);
  assert.equal(response.header('content-type'), 'application/problem+json');
  const problem = JSON.parse(response.text) as { kind: string; requestId: string };
  assert.equal(problem.kind, kind);
  assert.equal(problem.requestId, response.header('x-request-id'));
}

async function withScript<T>(script: Script, act: () => Promise<T>): Promise<T> {
  origin.script = script;
  try {
    return await act();
  } finally {
    origin.script = shout;
  }
}

test('the answer to an upgrade is that of the upstream, with the request id', async () => {
  await using client = await openClient(proxy.port);
  client.send(UPGRADE);
  const response = await client.response();
  assert.equal(response.status, 101);
  assert.equal(response.header('x-origin'), 'yes');
  assert.equal(response.header('upgrade')?.toLowerCase(), 'websocket');
  assert.equal(response.header('x-request-id'), origin.last.header('x-request-id'));
  assert.equal(origin.last.header('upgrade')?.toLowerCase(), 'websocket');
  assert.equal(origin.last.header('connection')?.toLowerCase(), 'upgrade');
  client.send('hello');
  await client.receives('HELLO');
});

test('bytes sent right behind the upgrade request are not lost', async () => {
  await using client = await openClient(proxy.port);
  client.send(`${UPGRADE}early bytes`);
  assert.equal((await client.response()).status, 101);
  await client.receives('EARLY BYTES');
});

test('bytes sent while the handshake is under way are not lost', async () => {
  let agree = () => {};
  const slowly: Script = (request) => {
    agree = () => shout(request);
  };
  await withScript(slowly, async () => {
    await using client = await openClient(proxy.port);
    const { length } = origin.requests;
    client.send(UPGRADE);
    await eventually(() => assert.equal(origin.requests.length, length + 1));
    client.send('impatient');
    await sleep(50);
    agree();
    assert.equal((await client.response()).status, 101);
    await client.receives('IMPATIENT');
  });
});

test('bytes the upstream sends right behind its agreement are not lost', async () => {
  const eager: Script = ({ socket }) => socket.write(`${SWITCHING}welcome`);
  await withScript(eager, async () => {
    await using client = await openClient(proxy.port);
    client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    await client.receives('welcome');
  });
});

const refusals = {
  length: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nX-Why: no\r\n\r\nnot you',
  chunks:
    'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nX-Why: no\r\n\r\n7\r\nnot you\r\n0\r\n\r\n',
};

for (const [framing, bytes] of Object.entries(refusals)) {
  test(`an upstream that declines to upgrade, framed by ${framing}, is heard`, async () => {
    await withScript(
      ({ socket }) => socket.write(bytes),
      async () => {
        const response = await exchangeOnce(proxy.port, UPGRADE);
        assert.equal(response.status, 403);
        assert.equal(response.header('x-why'), 'no');
        assert.equal(response.text, 'not you');
        assert.ok(response.header('x-request-id'));
      },
    );
    await awaitInFlight(proxy, 0);
  });
}

test('a handshake that is not answered in time ends in a page, and the attempt is closed', async () => {
  await withScript(
    () => {},
    async () => assertPage(await exchangeOnce(proxy.port, UPGRADE), 504, 'first-byte-timeout'),
  );
  await eventually(() => assert.equal(origin.connections.size, 0));
  await awaitInFlight(proxy, 0);
});

test('an upstream that hangs up on the handshake ends in a page', async () => {
  await withScript(
    ({ socket }) => socket.resetAndDestroy(),
    async () => assertPage(await exchangeOnce(proxy.port, UPGRADE), 502, 'upstream-reset'),
  );
});

test('an upstream that answers the handshake with nonsense ends in a page', async () => {
  await withScript(
    ({ socket }) => socket.end('nonsense\r\n\r\n'),
    async () => assertPage(await exchangeOnce(proxy.port, UPGRADE), 502, 'upstream-invalid'),
  );
});

test('when no upstream accepts connections an upgrade ends in a page', async () => {
  await using edge = await startProxyTo([await refusingUrl(), await refusingUrl()]);
  assertPage(await exchangeOnce(edge.port, UPGRADE), 503, 'connect-failed');
});

test('an upgrade nothing routes ends in a page', async () => {
  await using edge = await startProxyTo(
    [origin.url],
    {},
    {
      routes: [{ match: { path: '/else' }, service: 'app' }],
    },
  );
  assertPage(await exchangeOnce(edge.port, UPGRADE), 404, 'no-route');
});

test('an upgrade to anything but WebSocket is an ordinary request', async () => {
  await using plain = await startOrigin();
  await using edge = await startProxyTo([plain.url]);
  const request = UPGRADE.replace('Upgrade: websocket', 'Upgrade: h2c');
  assert.equal((await exchangeOnce(edge.port, request)).text, 'ok');
  assert.equal(plain.last.header('upgrade'), undefined);
});

for (const leave of ['closes', 'resets'] as const) {
  test(`a client that ${leave} before the upstream agrees ends the attempt`, async () => {
    await using silent = await startOrigin(() => {});
    await using edge = await startProxyTo([silent.url]);
    await using client = await openClient(edge.port);
    client.send(UPGRADE);
    await eventually(() => assert.equal(silent.requests.length, 1));
    await awaitInFlight(edge, 1);
    if (leave === 'closes') client.socket.destroy();
    else client.reset();
    await awaitInFlight(edge, 0);
    await eventually(() => assert.equal(silent.connections.size, 0));
  });
}

test('what the upstream says last reaches a client that has finished sending', async () => {
  const lastWords: Script = (request) => {
    shout(request);
    request.socket.prependListener('end', () => request.socket.write('last words'));
  };
  await withScript(lastWords, async () => {
    await using client = await openClient(proxy.port);
    client.send(UPGRADE);
    await client.response();
    client.send('bye');
    client.socket.end();
    await client.receives('BYElast words');
    await client.ended();
  });
  await eventually(() => assert.equal(origin.connections.size, 0));
  await awaitInFlight(proxy, 0);
});

for (const end of ['end', 'resetAndDestroy'] as const) {
  test(`an upstream whose socket does ${end}() closes the client's side`, async () => {
    await using client = await openClient(proxy.port);
    client.send(UPGRADE);
    await client.response();
    origin.last.socket[end]();
    await client.ended();
    client.socket.end();
    await eventually(() => assert.equal(origin.connections.size, 0));
    await awaitInFlight(proxy, 0);
  });
}

test('a tunnel that is silent for too long is closed on both sides', async () => {
  await using client = await openClient(proxy.port);
  client.send(UPGRADE);
  await client.response();
  await client.ended();
  await eventually(() => assert.equal(origin.connections.size, 0));
  await awaitInFlight(proxy, 0);
});

for (const side of ['client', 'upstream'] as const) {
  test(`a tunnel in which only the ${side} speaks outlives the idle limit`, async () => {
    const quiet: Script = ({ socket }) => {
      socket.write(SWITCHING);
      socket.resume();
    };
    await withScript(quiet, async () => {
      await using client = await openClient(proxy.port);
      client.send(UPGRADE);
      await client.response();
      for (let i = 0; i < 20; i++) {
        await sleep(100);
        if (side === 'client') client.send('.');
        else origin.last.socket.write('.');
      }
      assert.equal(client.isEnded, false);
    });
  });
}

test('a client that does not read pauses the upstream of its tunnel', async () => {
  const flood: Script = ({ socket }) => {
    socket.write(SWITCHING);
    socket.write(Buffer.alloc(256 * 1024 * 1024));
  };
  await using edge = await startProxyTo([origin.url]);
  await withScript(flood, async () => {
    await using client = await openClient(edge.port);
    client.send(UPGRADE);
    await client.response();
    client.socket.pause();
    const held = await awaitSteady(() => sentBytes(origin.last.socket));
    assert.ok(held < 64 * 1024 * 1024, `${held} bytes left the origin though nobody read them`);
  });
});

const BROKEN_REFUSAL =
  'HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\nConnection: X-Internal\r\n' +
  'X-Internal: secret\r\nTrailer: X-T\r\n\r\nonly a bit';

test('a refusal that breaks off is never passed on as complete', async () => {
  await withScript(
    ({ socket }) => socket.write(BROKEN_REFUSAL, () => socket.destroy()),
    async () => {
      await using client = await openClient(proxy.port);
      client.send(UPGRADE);
      await assert.rejects(client.response());
      const head = client.unread.toString('latin1');
      assert.ok(!/x-internal|trailer/i.test(head), head);
    },
  );
  await awaitInFlight(proxy, 0);
});

test('a refusal that stalls is given up, and a client that leaves it behind is noticed', async () => {
  await using patient = await startProxyTo([origin.url], { timeouts: { idle: '300ms' } });
  await withScript(
    ({ socket }) => socket.write(BROKEN_REFUSAL),
    async () => {
      await using stalled = await openClient(patient.port);
      stalled.send(UPGRADE);
      await assert.rejects(stalled.response());

      await using leaving = await openClient(proxy.port);
      leaving.send(UPGRADE);
      await leaving.head();
      leaving.socket.end();
      await leaving.ended();
    },
  );
  await awaitInFlight(patient, 0);
  await awaitInFlight(proxy, 0);
  await eventually(() => assert.equal(origin.connections.size, 0));
});

test('a tunnel whose time is up in total is cut, and has none but its own bytes in it', async () => {
  await using other = await startProxyTo([origin.url], { timeouts: { total: '500ms' } });
  await using client = await openClient(other.port);
  client.send(UPGRADE);
  assert.equal((await client.response()).status, 101);
  client.send('hello');
  await client.receives('HELLO');
  await client.ended();
  assert.equal(client.unread.toString(), 'HELLO');
  await awaitInFlight(other, 0);
});

test('an upgrade is not made twice, however late its answer and whatever the route says', async () => {
  const late: Script = (request) => setTimeout(() => shout(request), 200);
  await using first = await startOrigin(late);
  await using second = await startOrigin(late);
  const rest = { routes: [{ service: 'app', hedge: { delay: '20ms' } }] };
  await using other = await startProxyTo([first.url, second.url], {}, rest);
  await using client = await openClient(other.port);
  client.send(UPGRADE);
  assert.equal((await client.response()).status, 101);
  client.send('hello');
  await client.receives('HELLO');
  assert.equal(first.requests.length + second.requests.length, 1);
});
