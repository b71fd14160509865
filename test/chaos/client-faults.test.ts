/**
 * A client that closes, resets, ends its side or stalls at each point of an exchange: its upstream
 * connection is given up, and nothing of the exchange stays behind in the edge.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAnswers, shown } from '../support/answers.ts';
import { awaitRest } from '../support/edge-at-rest.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawClient } from '../support/raw-client.ts';
import {
  type ReceivedRequest,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';

const faults = ['closes', 'resets', 'ends its side', 'stalls'] as const;
type Fault = (typeof faults)[number];

interface Point {
  /** Follows "a client that closes". */
  readonly where: string;
  readonly sent: string;
  readonly script?: Script;
  /** What must have reached the client before the fault. */
  readonly visible?: string;
  /** Whether the request reaches the origin before the fault; it may where this is absent. */
  readonly isAsked?: boolean;
  /** Its upstream connection may live on. */
  readonly isOver?: true;
  /**
   * Whole answers the client may still get, by whether it ended its side or stalls. The edge may
   * always close without one where none is due.
   */
  readonly answers: Readonly<Record<'ends its side' | 'stalls', readonly number[]>>;
}

const silent: Script = () => {};
const send =
  (bytes: string): Script =>
  ({ socket }) =>
    socket.write(bytes);

const UPLOAD = 'POST /fault HTTP/1.1\r\nHost: a\r\n';
const BY_LENGTH = `${UPLOAD}Content-Length: 1000\r\n\r\n`;
const CHUNKED = `${UPLOAD}Transfer-Encoding: chunked\r\n\r\n`;

const CUT_OFF = { 'ends its side': [400, 408], stalls: [408] };
const BIG = 64 * 1024 * 1024;

const points: readonly Point[] = [
  { where: 'before it sends anything', sent: '', isAsked: false, answers: CUT_OFF },
  { where: 'in its request line', sent: 'GET /fau', isAsked: false, answers: CUT_OFF },
  {
    where: 'in a field',
    sent: 'GET /fault HTTP/1.1\r\nHost: a\r\nX-Ha',
    isAsked: false,
    answers: CUT_OFF,
  },
  {
    where: 'in the end of its head',
    sent: 'GET /fault HTTP/1.1\r\nHost: a\r\n\r',
    isAsked: false,
    answers: CUT_OFF,
  },
  { where: 'after the head of an upload', sent: BY_LENGTH, answers: CUT_OFF },
  { where: 'in an upload', sent: `${BY_LENGTH}only some`, isAsked: true, answers: CUT_OFF },
  { where: 'in a chunk', sent: `${CHUNKED}a\r\nhello`, isAsked: true, answers: CUT_OFF },
  { where: 'in a chunk size', sent: `${CHUNKED}5\r\nhello\r\n1`, isAsked: true, answers: CUT_OFF },
  {
    where: 'before a last chunk',
    sent: `${CHUNKED}5\r\nhello\r\n`,
    isAsked: true,
    answers: CUT_OFF,
  },
  {
    where: 'in its trailers',
    sent: `${CHUNKED}5\r\nhello\r\n0\r\nX-Trail`,
    isAsked: true,
    answers: CUT_OFF,
  },
  {
    where: 'while it waits for its answer',
    sent: getText('/fault'),
    isAsked: true,
    // The upstream is silent too, and its deadline comes first.
    answers: { 'ends its side': [504], stalls: [504] },
  },
  {
    where: 'in an answer by length',
    sent: getText('/fault'),
    script: send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    visible: 'hello',
    isAsked: true,
    answers: { 'ends its side': [], stalls: [] },
  },
  {
    where: 'in an answer of chunks',
    sent: getText('/fault'),
    script: send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    visible: 'hello',
    isAsked: true,
    answers: { 'ends its side': [], stalls: [] },
  },
  {
    where: 'in an early answer to its upload',
    sent: `${BY_LENGTH}only some`,
    script: send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    visible: 'hello',
    isAsked: true,
    answers: { 'ends its side': [], stalls: [] },
  },
  {
    where: 'after its answer',
    sent: getText('/fault'),
    script: (request) => request.answer('hello'),
    visible: 'hello',
    isAsked: true,
    isOver: true,
    answers: { 'ends its side': [200], stalls: [200] },
  },
];

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo(
    [origin.url],
    { timeouts: { firstByte: '600ms', idle: '600ms' } },
    {
      timeouts: {
        requestHead: '300ms',
        requestBodyIdle: '300ms',
        responseStall: '300ms',
        clientKeepAlive: '300ms',
      },
    },
  );
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

function commit(fault: Fault, client: RawClient): void {
  if (fault === 'closes') client.socket.destroy();
  if (fault === 'resets') client.reset();
  if (fault === 'ends its side') client.socket.end();
}

/** The edge and the origin are done with what these requests were, and serve the next. */
async function assertNothingStays(asked: readonly ReceivedRequest[]): Promise<void> {
  await awaitRest(proxy);
  await eventually(() => {
    const open = asked.filter(({ socket }) => !socket.destroyed);
    assert.equal(open.length, 0, 'an upstream connection is still open');
  });
  origin.script = (request) => request.answer('next');
  assert.equal((await get(proxy.port)).text, 'next');
}

for (const point of points) {
  for (const fault of faults) {
    test(`a client that ${fault} ${point.where}`, async () => {
      const before = origin.requests.length;
      origin.script = point.script ?? silent;
      {
        await using client = await openClient(proxy.port);
        client.send(point.sent);
        if (point.visible) await client.receives(point.visible);
        if (point.isAsked) {
          await eventually(() => assert.ok(origin.requests.length > before, 'nothing is asked'));
        }
        // An edge may wait for the first byte of a body before it asks anybody.
        if (point.isAsked === undefined) await sleep(20);
        commit(fault, client);
        await client.ended();
        if (fault === 'ends its side' || fault === 'stalls') {
          const statuses = readAnswers(client.unread).whole.map(({ status }) => status);
          const due = point.answers[fault];
          const isDue = statuses.length <= 1 && statuses.every((status) => due.includes(status));
          assert.ok(isDue, shown(client.unread));
          if (point.isOver) assert.deepEqual(statuses, due);
        }
      }
      const asked = origin.requests.slice(before);
      if (point.isAsked === undefined) assert.ok(asked.length <= 1);
      else assert.equal(asked.length, point.isAsked ? 1 : 0);
      await assertNothingStays(point.isOver ? [] : asked);
    });
  }
}

for (const fault of faults) {
  test(`a client that ${fault} with much of its answer unread`, async () => {
    const before = origin.requests.length;
    origin.script = ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG}\r\n\r\n`);
      socket.write(Buffer.alloc(BIG));
    };
    {
      await using client = await openClient(proxy.port);
      client.send(getText('/fault'));
      await client.head();
      client.socket.pause();
      commit(fault, client);
      await eventually(() => assert.ok(origin.last.socket.destroyed, 'it is still sent'));
    }
    await assertNothingStays(origin.requests.slice(before));
  });
}
