/**
 * Hundreds of exchanges whose clients and upstreams misbehave at random, many at a time: whoever
 * gets a whole answer gets the own one, and in the end nothing is left of any.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAnswers, shown } from '../support/answers.ts';
import { awaitRest } from '../support/edge-at-rest.ts';
import { eventually } from '../support/eventually.ts';
import { problemsOf } from '../support/in-parallel.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import { type ReceivedRequest, type Script, startOrigin } from '../support/recording-origin.ts';

const EXCHANGES = 400;
const PARALLEL = 16;
const MAX_DELAY_MS = 30;

/** The same numbers from 0 up to 1 for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';

/** What the origin does, named by the first segment of the path; a good answer is the path. */
const scripts: Readonly<Record<string, (request: ReceivedRequest) => unknown>> = {
  length: (request) => request.answer(request.target),
  chunks: ({ socket, target }) => socket.write(`${chunked(target)}0\r\n\r\n`),
  close: ({ socket, target }) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${target}`),
  late: async (request) => {
    await sleep(MAX_DELAY_MS);
    request.answer(request.target);
  },
  read: async (request) => {
    await request.body;
    request.answer(request.target);
  },
  last: (request) => {
    request.answer(request.target, 'Connection: close');
    request.socket.end();
  },
  silent: () => {},
  end: ({ socket }) => socket.end(),
  reset: ({ socket }) => socket.resetAndDestroy(),
  half: ({ socket, target }) => socket.end(chunked(target)),
  torn: ({ socket, target }) => socket.write(chunked(target), () => socket.resetAndDestroy()),
  stuck: ({ socket, target }) => socket.write(chunked(target)),
  garbage: ({ socket }) => socket.write('\0\x01garbage\r\n\r\n'),
  surplus: (request) => request.socket.write(`${whole(request.target)}${POISON}`),
};

function whole(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Everything but the last chunk. */
function chunked(body: string): string {
  const size = body.length.toString(16);
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${body}\r\n`;
}

const script: Script = (request) => scripts[request.target.split('/')[1] ?? '']?.(request);

/** What clients send for these paths. */
const requests: readonly ((paths: readonly string[]) => string)[] = [
  ([path]) => getText(path),
  (paths) => paths.map((path) => getText(path)).join(''),
  ([path]) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`,
  ([path]) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ([path]) => `PUT ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nonly some`,
  ([path]) => `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel`,
  ([path]) => getText(path).slice(0, -10),
  ([path]) => `${getText(path)}GARBAGE\r\n\r\n`,
];

/** How clients leave, after a while. */
const departures: readonly ((client: RawClient) => unknown)[] = [
  (client) => client.ended(),
  (client) => client.socket.destroy(),
  (client) => client.reset(),
  (client) => {
    client.socket.end();
    return client.ended();
  },
];

for (const seed of [1, 2]) {
  test(`after ${EXCHANGES} exchanges that go wrong in every way nothing is left (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const names = Object.keys(scripts);
    const exchanges = Array.from({ length: EXCHANGES }, (_, i) => ({
      paths: [`/${pick(names)}/${i}/a`, `/${pick(names)}/${i}/b`],
      write: pick(requests),
      cutAt: random(),
      delayMs: random() * MAX_DELAY_MS,
      leave: pick(departures),
    }));

    await using origin = await startOrigin(script);
    await using proxy = await startProxyTo(
      [origin.url],
      { timeouts: { firstByte: '300ms', idle: '300ms', upstreamKeepAlive: '500ms' } },
      {
        timeouts: {
          requestHead: '300ms',
          requestBodyIdle: '300ms',
          responseStall: '300ms',
          clientKeepAlive: '300ms',
        },
      },
    );
    const problems = await problemsOf(exchanges, PARALLEL, async (exchange) => {
      await using client = await openClient(proxy.port);
      const bytes = exchange.write(exchange.paths);
      const cut = Math.floor(exchange.cutAt * bytes.length);
      client.send(bytes.slice(0, cut));
      await sleep(exchange.delayMs);
      client.send(bytes.slice(cut));
      await sleep(exchange.delayMs);
      try {
        await exchange.leave(client);
      } catch (error) {
        throw new Error(`${shown(bytes)}: ${(error as Error).message}; ${shown(client.unread)}`);
      }
      readAnswers(client.unread).whole.forEach(({ status, body }, i) => {
        if (status >= 400) return;
        const isOwn = status === 200 && body.toString() === exchange.paths[i];
        if (!isOwn) throw new Error(`${shown(bytes)} was answered ${shown(client.unread)}`);
      });
    });
    assert.deepEqual(problems, []);
    await awaitRest(proxy);
    await eventually(() => assert.equal(origin.connections.size, 0));
    assert.equal((await get(proxy.port, '/length')).text, '/length');
  });
}
