/**
 * Every malformed request of the codec's corpus, sent through a running edge: it is refused with
 * one page, its connection ends, and nothing of it becomes a request at the origin.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { malformedRequests } from '@headgate/http1/corpus';
import { assertClosingPage, readAnswers, shown } from '../support/answers.ts';
import { eventually } from '../support/eventually.ts';
import { parseHead } from '../support/http-message.ts';
import { problemsOf } from '../support/in-parallel.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient } from '../support/raw-client.ts';
import {
  type OriginConnection,
  type StrictOrigin,
  startStrictOrigin,
} from '../support/strict-origin.ts';

/** Pooled upstream connections are shared by this many attacks at a time. */
const PARALLEL = 8;

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

interface Arrival {
  readonly how: string;
  readonly isSecond: boolean;
  readonly behind: string;
}

const arrivals: readonly Arrival[] = [
  { how: 'on its own', isSecond: false, behind: '' },
  { how: 'with a request smuggled behind it', isSecond: false, behind: SMUGGLED },
  { how: 'as the second of its connection', isSecond: true, behind: SMUGGLED },
];

/** The head is in order and may travel on; the chunks behind it are not. */
const CHUNKED_HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A whole request: what is malformed is the one behind it. */
const WHOLE_REQUEST = /^POST \/ HTTP\/1\.1\r\nHost: a\r\nContent-Length: \d{1,15}\r\n\r\n/;

let origin: StrictOrigin;
let proxy: ProxyProcess;
let goodCount = 0;

before(async () => {
  origin = await startStrictOrigin();
  // Deadlines for an edge that takes what it should refuse; no refusal waits for one.
  proxy = await startProxyTo(
    [origin.url],
    {},
    { timeouts: { requestHead: '3s', requestBodyIdle: '3s', clientKeepAlive: '3s' } },
  );
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

const nextGood = () => `/good/${goodCount++}`;

async function assertGoodIsAnswered(): Promise<void> {
  const path = nextGood();
  const { status, text } = await get(proxy.port, path);
  if (status !== 200 || text !== path) throw new Error(`${path} was answered ${status}: ${text}`);
}

async function attack(bytes: string, status: number, arrival: Arrival): Promise<void> {
  await using client = await openClient(proxy.port);
  if (arrival.isSecond) {
    client.send(getText(nextGood()));
    await client.response();
  }
  client.send(bytes + arrival.behind);
  await client.ended();
  const received = client.unread;
  if (bytes.startsWith('HEAD ')) {
    // The edge may have learned the method or not: with or without a body, it is this status.
    assert.match(parseHead(received)?.startLine ?? '', new RegExp(`^HTTP/1\\.1 ${status} `));
    return;
  }
  const { whole, interim, broken } = readAnswers(received);
  const [answer] = whole;
  if (!answer || whole.length > 1 || interim.length > 0 || broken.length > 0) {
    throw new Error(`received ${shown(received)} instead of one answer`);
  }
  if (bytes.startsWith('POST /whole ')) assert.equal(answer.status, 200);
  else assertClosingPage(answer, status);
}

/** What the origin got that it should not have got, and how the rest of a broken body ended. */
async function complaints(before: Seen): Promise<string[]> {
  const begun = origin.connections.filter((one) => one.unfinished !== '' && !before.begun.has(one));
  await eventually(() => assert.ok(begun.every(({ isOpen }) => !isOpen))).catch(() => {});
  return [
    ...origin.taken
      .slice(before.takenCount)
      .filter(({ target }) => !target.startsWith('/good/') && target !== '/whole')
      .map(({ head }) => `the origin took ${head.startLine}`),
    ...begun
      .filter(({ unfinished }) => !isBrokenUpload(unfinished))
      .map(({ unfinished, defect }) => `the origin was sent ${shown(unfinished)} ${defect ?? ''}`),
    ...begun
      .filter(({ isOpen }) => isOpen)
      .map(({ unfinished }) => `still open after ${shown(unfinished)}`),
  ];
}

interface Seen {
  readonly takenCount: number;
  /** Connections that carry a request which is not whole. */
  readonly begun: ReadonlySet<OriginConnection>;
}

function seenSoFar(): Seen {
  const begun = origin.connections.filter(({ unfinished }) => unfinished !== '');
  return { takenCount: origin.taken.length, begun: new Set(begun) };
}

/** The head may travel before its chunks turn out to be malformed; nothing else may follow it. */
function isBrokenUpload(bytes: string): boolean {
  return bytes.startsWith('POST /upload ') && !/\/good|\/smuggled|\/admin/.test(bytes);
}

/** Tells the requests that are whole, and those whose head is in order, from all others. */
function marked(bytes: string): string {
  if (bytes.startsWith(CHUNKED_HEAD)) return bytes.replace('POST / ', 'POST /upload ');
  return WHOLE_REQUEST.test(bytes) ? bytes.replace('POST / ', 'POST /whole ') : bytes;
}

const byReason = Map.groupBy(malformedRequests, ({ reason }) => reason);

for (const arrival of arrivals) {
  describe(`a malformed request ${arrival.how} is refused and goes no further`, () => {
    for (const [reason, cases] of byReason) {
      test(`${reason} (${cases.length})`, async () => {
        await assertGoodIsAnswered();
        const before = seenSoFar();
        const problems = await problemsOf(cases, PARALLEL, async ({ bytes, status }) => {
          const sent = marked(bytes);
          try {
            await attack(sent, answeredWith(status), arrival);
            await assertGoodIsAnswered();
          } catch (error) {
            throw new Error(`${shown(sent)}: ${(error as Error).message}`);
          }
        });
        assert.deepEqual([...problems, ...(await complaints(before))], []);
      });
    }
  });
}

/** The edge says 400 to every message it does not take, but for sizes that can be made smaller. */
function answeredWith(status: number): number {
  return status >= 500 ? 400 : status;
}
