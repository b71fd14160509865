// What every kind of answer comes to, however its bytes are cut into pieces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnswerReader } from './wire-answer-reader.ts';
import { call, connectTo, startUpstream, turns } from './wire-upstream.test-support.ts';

interface Case {
  readonly name: string;
  readonly raw: string;
  readonly method?: 'GET' | 'HEAD' | 'POST';
  /** The upstream ends the connection behind it. */
  readonly isEnded?: boolean;
  /** `status body`, or the kind of failure. */
  readonly outcome: string;
  /** The connection carries the next request. */
  readonly isKept?: boolean;
}

const ok = 'HTTP/1.1 200 OK\r\n';

const cases: readonly Case[] = [
  { name: 'a length', raw: `${ok}content-length: 2\r\n\r\nhi`, outcome: '200 hi', isKept: true },
  { name: 'no body', raw: `${ok}content-length: 0\r\n\r\n`, outcome: '200 ', isKept: true },
  {
    name: 'chunks',
    raw: `${ok}transfer-encoding: chunked\r\n\r\n1\r\nh\r\n2;x=y\r\ni!\r\n0\r\n\r\n`,
    outcome: '200 hi!',
    isKept: true,
  },
  {
    name: 'chunks and trailers',
    raw: `${ok}transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 1\r\n\r\n`,
    outcome: '200 hi',
    isKept: true,
  },
  {
    name: 'a body that lasts as long as the connection',
    raw: `${ok}\r\nhi`,
    isEnded: true,
    outcome: '200 hi',
  },
  {
    name: 'connection: close',
    raw: `${ok}connection: close\r\ncontent-length: 2\r\n\r\nhi`,
    outcome: '200 hi',
  },
  {
    name: 'HTTP/1.0',
    raw: 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi',
    outcome: '200 hi',
  },
  {
    name: 'HTTP/1.0 that stays',
    raw: 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi',
    outcome: '200 hi',
    isKept: true,
  },
  { name: '204', raw: 'HTTP/1.1 204 No Content\r\n\r\n', outcome: '204 ', isKept: true },
  {
    name: '304 with the length of what is not sent',
    raw: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n',
    outcome: '304 ',
    isKept: true,
  },
  {
    name: 'HEAD',
    raw: `${ok}content-length: 900000\r\n\r\n`,
    method: 'HEAD',
    outcome: '200 ',
    isKept: true,
  },
  {
    name: 'interim answers first',
    raw: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok}content-length: 2\r\n\r\nhi`,
    method: 'POST',
    outcome: '200 hi',
    isKept: true,
  },
  {
    name: 'an interim answer and no other',
    raw: 'HTTP/1.1 100 Continue\r\n\r\n',
    isEnded: true,
    outcome: 'broken',
  },
  {
    name: 'interim answers without end',
    raw: 'HTTP/1.1 102 \r\n\r\n'.repeat(33),
    outcome: 'protocol',
  },
  {
    name: 'a protocol nobody asked for',
    raw: 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nx',
    outcome: 'protocol',
  },
  { name: 'bytes behind it', raw: `${ok}content-length: 2\r\n\r\nhi!`, outcome: '200 hi' },
  {
    name: 'a second answer behind it',
    raw: `${ok}content-length: 2\r\n\r\nhi${ok}content-length: 4\r\n\r\nevil`,
    outcome: '200 hi',
  },
  {
    name: 'an end in the middle of its body',
    raw: `${ok}content-length: 3\r\n\r\nhi`,
    isEnded: true,
    outcome: 'broken',
  },
  {
    name: 'an end in the middle of its chunks',
    raw: `${ok}transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n`,
    isEnded: true,
    outcome: 'broken',
  },
  { name: 'an end in the middle of its head', raw: ok, isEnded: true, outcome: 'broken' },
  {
    name: 'a length that is too large',
    raw: `${ok}content-length: 11\r\n\r\nhello world`,
    outcome: 'too-large',
  },
  {
    name: 'a length that is too large, before any of it comes',
    raw: `${ok}content-length: 11\r\n\r\n`,
    outcome: 'too-large',
  },
  {
    name: 'chunks that are too large',
    raw: `${ok}transfer-encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n`,
    outcome: 'too-large',
  },
  { name: 'no end, too large', raw: `${ok}\r\nhello world`, isEnded: true, outcome: 'too-large' },
  {
    name: 'a size that just fits',
    raw: `${ok}content-length: 10\r\n\r\n0123456789`,
    outcome: '200 0123456789',
    isKept: true,
  },
  {
    name: 'two lengths',
    raw: `${ok}content-length: 2\r\ncontent-length: 2\r\n\r\nhi`,
    outcome: 'protocol',
  },
  {
    name: 'a length and chunks',
    raw: `${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    outcome: 'protocol',
  },
  {
    name: 'a chunk size that is none',
    raw: `${ok}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    outcome: 'protocol',
  },
  {
    name: 'a line that ends in LF',
    raw: `${ok}a: b\ncontent-length: 2\r\n\r\nhi`,
    outcome: 'protocol',
  },
  { name: 'another protocol', raw: '220 mail.example.com ESMTP\r\n', outcome: 'protocol' },
];

/** What a reader makes of `pieces`, and how many of their bytes are the answer's. */
function read({ method = 'GET', isEnded }: Case, pieces: readonly string[]) {
  const reader = new AnswerReader();
  const heads: number[] = [];
  reader.start(method, 10, { onHead: (status) => heads.push(status) });
  let usedBytes = 0;
  for (const piece of pieces) {
    if (reader.isWhole || reader.bad) break;
    const bytes = Buffer.from(piece, 'latin1');
    usedBytes += reader.read(bytes, bytes.length);
    // What was read into is read into again.
    bytes.fill(0);
  }
  if (isEnded && !reader.isWhole && !reader.bad) reader.finish();
  if (reader.bad) return { outcome: reader.bad.kind };
  const { status, body } = reader.take();
  assert.deepEqual(heads, [status]);
  return { outcome: `${status} ${body}`, usedBytes, mayKeep: reader.mayKeepConnection };
}

for (const it of cases) {
  test(`${it.name}: read the same wherever it is cut`, () => {
    const whole = read(it, [it.raw]);
    assert.equal(whole.outcome, it.outcome);
    assert.equal(whole.mayKeep === true && whole.usedBytes === it.raw.length, it.isKept === true);
    const cuts = fc.array(fc.integer({ min: 0, max: it.raw.length }), { maxLength: 12 });
    for (let at = 1; at < it.raw.length; at++) {
      assert.deepEqual(read(it, [it.raw.slice(0, at), it.raw.slice(at)]).outcome, it.outcome);
    }
    assert.deepEqual(read(it, [...it.raw]), whole);
    fc.assert(
      fc.property(cuts, (positions) => {
        const sorted = [0, ...positions.sort((a, b) => a - b), it.raw.length];
        const pieces = sorted.slice(1).map((to, i) => it.raw.slice(sorted[i], to));
        assert.equal(
          read(
            it,
            pieces.filter((piece) => piece !== ''),
          ).outcome,
          it.outcome,
        );
      }),
    );
  });
}

test('on the wire every answer comes to the same wherever it is cut, and so does its connection', async (t) => {
  let current = cases[0] as Case;
  let cutAt = 0;
  const upstream = await startUpstream(t, ({ socket, received }) => {
    if (received.includes('GET /next ')) {
      socket.end(`${ok}connection: close\r\ncontent-length: 4\r\n\r\nnext`);
      return;
    }
    const { raw, isEnded } = current;
    const finish = () => {
      if (!socket.destroyed) socket.write(raw.slice(cutAt), 'latin1');
      if (isEnded) socket.end();
    };
    if (cutAt === 0) {
      finish();
      return;
    }
    socket.write(raw.slice(0, cutAt), 'latin1');
    void turns().then(finish);
  });
  const transport = connectTo(t, upstream, { maxResponseBytes: 10 });
  for (current of cases) {
    for (cutAt = 0; cutAt < current.raw.length; cutAt++) {
      const where = `${current.name}, cut at ${cutAt}`;
      const { method = 'GET', isKept = false } = current;
      const { answer, failure } = await call(transport, { method, isIdempotent: false });
      assert.equal(failure?.kind ?? `${answer?.status} ${answer?.body}`, current.outcome, where);
      // Bytes behind an answer that come late are found on the idle connection.
      await turns(3);
      const before = upstream.accepted.length;
      const next = await call(transport, { path: '/next' });
      assert.equal(String(next.answer?.body), 'next', where);
      assert.equal(upstream.accepted.length === before, isKept, where);
    }
  }
});
