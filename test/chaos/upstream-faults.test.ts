/**
 * An upstream that closes, resets or stalls at each point of an exchange: the client gets a page or
 * sees that its answer is broken, and nothing of the exchange stays behind in the edge.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitRest } from '../support/edge-at-rest.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import { type RecordingOrigin, startOrigin } from '../support/recording-origin.ts';

const faults = ['closes', 'resets', 'stalls'] as const;
type Fault = (typeof faults)[number];

/** The status of a whole answer, or none that looks whole. */
type Seen = number | 'broken';

interface Point {
  /** Follows "an upstream that closes". */
  readonly where: string;
  readonly sent: string;
  /** What must have reached the client before the fault; nothing where this is absent. */
  readonly visible?: string;
  readonly seen: Readonly<Record<Fault, Seen>>;
  /** The exchange is over when the fault comes: the connection may be kept. */
  readonly isOver?: true;
}

const OK = 'HTTP/1.1 200 OK\r\n';
const BY_LENGTH = `${OK}Content-Length: 10\r\n\r\n`;
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const BAD = { closes: 502, resets: 502, stalls: 504 } as const;
const BROKEN = { closes: 'broken', resets: 'broken', stalls: 'broken' } as const;
const UNTIL_CLOSE = { closes: 200, resets: 'broken', stalls: 'broken' } as const;
const WHOLE = { closes: 200, resets: 200, stalls: 200 } as const;

const points: readonly Point[] = [
  { where: 'before its head', sent: '', seen: BAD },
  { where: 'in its status line', sent: 'HTTP/1.1 20', seen: BAD },
  { where: 'in a field name', sent: `${OK}Content-Length: 2\r\nX-Ha`, seen: BAD },
  { where: 'in the end of its head', sent: `${OK}Content-Length: 0\r\n\r`, seen: BAD },
  { where: 'after an interim answer', sent: 'HTTP/1.1 103 x\r\nLink: </a>\r\n\r\n', seen: BAD },
  { where: 'after a head with a length', sent: BY_LENGTH, visible: '\r\n\r\n', seen: BROKEN },
  { where: 'after a head with chunks', sent: CHUNKED, visible: '\r\n\r\n', seen: BROKEN },
  { where: 'after a head with neither', sent: `${OK}\r\n`, visible: '\r\n\r\n', seen: UNTIL_CLOSE },
  { where: 'in a body by length', sent: `${BY_LENGTH}hello`, visible: 'hello', seen: BROKEN },
  {
    where: 'in a body until the close',
    sent: `${OK}\r\nhello`,
    visible: 'hello',
    seen: UNTIL_CLOSE,
  },
  { where: 'in a chunk', sent: `${CHUNKED}a\r\nhello`, visible: 'hello', seen: BROKEN },
  {
    where: 'before a last chunk',
    sent: `${CHUNKED}5\r\nhello\r\n`,
    visible: 'hello',
    seen: BROKEN,
  },
  {
    where: 'in a chunk size',
    sent: `${CHUNKED}5\r\nhello\r\n1`,
    visible: 'hello',
    seen: BROKEN,
  },
  {
    where: 'after the size of a last chunk',
    sent: `${CHUNKED}5\r\nhello\r\n0\r\n`,
    visible: 'hello',
    seen: BROKEN,
  },
  {
    where: 'in its trailers',
    sent: `${CHUNKED}5\r\nhello\r\n0\r\nX-Trail`,
    visible: 'hello',
    seen: BROKEN,
  },
  { where: 'after a body by length', sent: `${BY_LENGTH}hellohello`, seen: WHOLE, isOver: true },
  {
    where: 'after its last chunk',
    sent: `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`,
    seen: WHOLE,
    isOver: true,
  },
  {
    where: 'after an answer without a body',
    sent: 'HTTP/1.1 204 x\r\n\r\n',
    seen: { closes: 204, resets: 204, stalls: 204 },
    isOver: true,
  },
];

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url], { timeouts: { firstByte: '300ms', idle: '300ms' } });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

function commit(fault: Fault, socket: Socket): void {
  if (fault === 'closes') socket.end();
  if (fault === 'resets') socket.resetAndDestroy();
}

/** The final answer as the client sees it, or that none came whole before the connection ended. */
async function finalAnswer(client: RawClient): Promise<Seen> {
  for (;;) {
    try {
      const { status } = await client.response();
      if (status >= 200) return status;
    } catch (error) {
      assert.match((error as Error).message, /^the connection ended before/);
      return 'broken';
    }
  }
}

for (const point of points) {
  for (const fault of faults) {
    const seen = point.seen[fault];
    test(`an upstream that ${fault} ${point.where}: ${seen}`, async () => {
      // A connection is in the pool, and taken from it.
      origin.script = (request) => request.answer('good');
      assert.equal((await get(proxy.port)).text, 'good');
      const before = origin.requests.length;
      origin.script = ({ socket }) => {
        socket.write(point.sent, () => {
          if (!point.visible) commit(fault, socket);
        });
      };
      {
        await using client = await openClient(proxy.port);
        client.send(getText('/fault'));
        if (point.visible) {
          await client.receives(point.visible);
          commit(fault, origin.last.socket);
        }
        assert.equal(await finalAnswer(client), seen);
      }
      const asked = origin.requests.slice(before);
      await awaitRest(proxy);
      if (!point.isOver || fault !== 'stalls') {
        await eventually(() => {
          const open = asked.filter(({ socket }) => !socket.destroyed);
          assert.equal(open.length, 0, 'an upstream connection is still open');
        });
      }
      origin.script = (request) => request.answer('next');
      assert.equal((await get(proxy.port)).text, 'next');
    });
  }
}

test('a broken answer to the second of two requests sent at once ends the connection', async () => {
  origin.script = async ({ socket, target }) => {
    if (target === '/second') return socket.end(`${CHUNKED}5\r\nhello\r\n`);
    await sleep(50);
    return socket.write(`${OK}Content-Length: 5\r\n\r\nfirst`);
  };
  {
    await using client = await openClient(proxy.port);
    client.send(getText('/first') + getText('/second'));
    assert.equal((await client.response()).text, 'first');
    assert.equal(await finalAnswer(client), 'broken');
  }
  await awaitRest(proxy);
});

for (const fault of faults) {
  test(`an upstream that ${fault} in the middle of an upload`, async () => {
    origin.script = ({ socket }) => {
      socket.pause();
      commit(fault, socket);
    };
    const before = origin.requests.length;
    {
      await using client = await openClient(proxy.port);
      client.send(`POST /fault HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 25}\r\n\r\n`);
      client.send(Buffer.alloc(2 ** 25));
      assert.equal(await finalAnswer(client), fault === 'stalls' ? 504 : 502);
    }
    await awaitRest(proxy);
    const [asked, again] = origin.requests.slice(before);
    assert.equal(again, undefined, 'a POST is never sent twice');
    // A paused socket does not hear that the other side has closed.
    asked?.socket.resume();
    await eventually(() => assert.ok(asked?.socket.destroyed));
    origin.script = (request) => request.answer('next');
    assert.equal((await get(proxy.port)).text, 'next');
  });

  test(`an upstream that accepts and then ${fault}`, async () => {
    const accepted = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => accepted.delete(socket));
      socket.on('end', () => socket.end());
      socket.resume();
      commit(fault, socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using _stopped = {
      async [Symbol.asyncDispose]() {
        server.close();
        for (const socket of accepted) socket.destroy();
        await once(server, 'close');
      },
    };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using edge = await startProxyTo([url], { timeouts: { firstByte: '300ms' } });
    const { status } = await get(edge.port);
    // A reset may come before the edge has noticed that it is connected.
    const expected = { closes: [502], resets: [502, 503], stalls: [504] }[fault];
    assert.ok(expected.includes(status), `${status}`);
    await awaitRest(edge);
    await eventually(() => assert.equal(accepted.size, 0));
  });
}
