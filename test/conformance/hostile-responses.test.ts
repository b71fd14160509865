/**
 * Every malformed response of the codec's corpus as the answer of an upstream: the client sees that
 * it is broken, the connection it came on is given up, and nobody else gets a byte of it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { malformedResponses, type RefusedCase } from '@headgate/http1/corpus';
import { readAnswers, shown } from '../support/answers.ts';
import { eventually } from '../support/eventually.ts';
import { problemsOf } from '../support/in-parallel.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient } from '../support/raw-client.ts';
import {
  type ReceivedRequest,
  type RecordingOrigin,
  startOrigin,
} from '../support/recording-origin.ts';

const PARALLEL = 8;

/** The head is in order and may be passed on; the chunks behind it are not. */
const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

const GOOD_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal';

/** How the bytes of a case come out of the origin. */
interface Delivery {
  readonly how: string;
  send(bytes: string, request: ReceivedRequest): void;
}

const deliveries: readonly Delivery[] = [
  {
    how: 'at once',
    send: (bytes, { socket }) => socket.write(bytes, 'latin1'),
  },
  {
    how: 'and the end of its connection',
    send: (bytes, { socket }) => socket.end(bytes, 'latin1'),
  },
];

let origin: RecordingOrigin;
let proxy: ProxyProcess;
let goodCount = 0;
/** What the origin answers to `/bad/<number>`. */
const answers = new Map<string, (request: ReceivedRequest) => void>();

before(async () => {
  origin = await startOrigin((request) => {
    const answer = answers.get(request.target);
    if (answer) answer(request);
    else request.answer(request.target);
  });
  proxy = await startProxyTo(
    [origin.url],
    // For an edge that takes what it should refuse; no refusal waits for one.
    { timeouts: { firstByte: '3s', idle: '3s' } },
    { limits: { responseHeadSize: '16KiB', responseHeaderCount: 100 } },
  );
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

async function assertGoodIsAnswered(): Promise<void> {
  const path = `/good/${goodCount++}`;
  const { status, text } = await get(proxy.port, path);
  if (status !== 200 || text !== path) throw new Error(`${path} was answered ${status}: ${text}`);
}

/** Asks for an answer that the origin sends as `send` says; resolves with what the client got. */
async function ask(send: (request: ReceivedRequest) => void) {
  const path = `/bad/${goodCount++}`;
  answers.set(path, send);
  await using client = await openClient(proxy.port);
  client.send(getText(path, 'Connection: close'));
  await client.ended();
  answers.delete(path);
  return {
    received: client.unread,
    asked: origin.requests.filter(({ target }) => target === path),
  };
}

/** The edge closes the connection these came on, and nothing else ever comes on it. */
async function assertGivenUp(asked: readonly ReceivedRequest[]): Promise<void> {
  const [request] = asked;
  if (!request || asked.length > 1) throw new Error(`asked ${asked.length} times`);
  await eventually(() => {
    if (!request.socket.destroyed) throw new Error('its upstream connection is still open');
  });
  const last = origin.requests.findLast(({ connection }) => connection === request.connection);
  if (last !== request) throw new Error(`${last?.target} was sent behind it`);
}

function assertBroken(received: Buffer, bytes: string): void {
  const { whole, broken } = readAnswers(received);
  if (whole.length === 0 && bytes.startsWith(CHUNKED_HEAD)) return;
  const statuses = whole.map(({ status }) => status);
  if (statuses.join() !== '502' || broken.length > 0) {
    throw new Error(`the client received ${shown(received)}`);
  }
}

const byReason = Map.groupBy(malformedResponses, ({ reason }) => reason);

/** One test for each reason, with `parallel` cases of it at a time. */
function testEveryReason(parallel: number, run: (malformed: RefusedCase) => Promise<void>): void {
  for (const [reason, cases] of byReason) {
    test(`${reason} (${cases.length})`, async () => {
      await assertGoodIsAnswered();
      const problems = await problemsOf(cases, parallel, async (malformed) => {
        try {
          await run(malformed);
          await assertGoodIsAnswered();
        } catch (error) {
          throw new Error(`${shown(malformed.bytes)}: ${(error as Error).message}`);
        }
      });
      assert.deepEqual(problems, []);
    });
  }
}

for (const { how, send } of deliveries) {
  describe(`a malformed answer ${how} is seen to be broken and harms nobody else`, () => {
    testEveryReason(PARALLEL, async ({ bytes }) => {
      const { received, asked } = await ask((request) => send(bytes, request));
      assertBroken(received, bytes);
      await assertGivenUp(asked);
    });
  });
}

describe('a malformed answer right behind a good one is nobody’s', () => {
  testEveryReason(PARALLEL, async ({ bytes }) => {
    const { received, asked } = await ask(({ socket }) =>
      socket.write(GOOD_ANSWER + bytes, 'latin1'),
    );
    assertNothingButReal(received);
    await assertGivenUp(asked);
  });
});

describe('a malformed answer that follows a good one later is nobody’s', () => {
  // One at a time: bytes that cross with a request would be its answer, and nobody could tell.
  testEveryReason(1, async ({ bytes }) => {
    const { received, asked } = await ask(({ socket }) => socket.write(GOOD_ANSWER));
    assertNothingButReal(received);
    asked[0]?.socket.write(bytes, 'latin1');
    await assertGivenUp(asked);
  });
});

/** The good answer, none where the rest was noticed before it was out, or a page instead. */
function assertNothingButReal(received: Buffer): void {
  const { whole } = readAnswers(received);
  const seen = whole.map(({ status, body }) => (status === 502 ? '502' : `${status} ${body}`));
  if (!['', '502', '200 real'].includes(seen.join())) {
    throw new Error(`the client received ${shown(received)}`);
  }
}
