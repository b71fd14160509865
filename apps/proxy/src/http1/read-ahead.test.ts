import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_LIMITS } from '@headgate/http1';
import { type Ahead, ReadAhead } from './read-ahead.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** What is said about `pieces` after the last of them, and about each before. */
function addAll(ahead: ReadAhead, ...pieces: string[]): Ahead[] {
  return pieces.map((piece) => ahead.add(Buffer.from(piece, 'latin1')));
}

function judge(...pieces: string[]): Ahead | undefined {
  return addAll(new ReadAhead(DEFAULT_LIMITS), ...pieces).at(-1);
}

describe('what is read ahead', () => {
  it('comes back byte for byte, with its size', () => {
    const ahead = new ReadAhead(DEFAULT_LIMITS);
    const pieces = ['GET / HT', 'TP/1.1\r\nHost: \xe9', 'rest \0 \xff'];
    addAll(ahead, ...pieces);
    assert.equal(ahead.sizeBytes, pieces.join('').length);
    assert.equal(ahead.take().toString('latin1'), pieces.join(''));
  });

  it('comes back as it was given when it is one piece', () => {
    const ahead = new ReadAhead(DEFAULT_LIMITS);
    const piece = Buffer.from(GET);
    ahead.add(piece);
    assert.equal(ahead.take(), piece);
  });

  it('is a request as long as it can still be one', () => {
    for (const text of [GET, GET + GET, 'GET', '\r\n', `${GET}garbage behind it\r\n\r\n`]) {
      assert.equal(judge(text), 'request', JSON.stringify(text));
      assert.equal(judge(...text), 'request', `${JSON.stringify(text)} byte by byte`);
    }
  });

  it('may have a body, of which nothing is asked yet', () => {
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    assert.equal(judge(post, 'not', ' a chunk\r\n'), 'request');
    assert.equal(judge(`${post}not a chunk\r\n`), 'request');
  });

  it('is broken as soon as it cannot be a request, and stays so', () => {
    const ahead = new ReadAhead(DEFAULT_LIMITS);
    assert.deepEqual(addAll(ahead, 'GARB', 'AGE\r\n', GET), ['request', 'broken', 'broken']);
  });

  it('is broken when its head is too large', () => {
    const limits = { ...DEFAULT_LIMITS, headSizeBytes: 40 };
    const ahead = new ReadAhead(limits);
    assert.equal(addAll(ahead, `GET / HTTP/1.1\r\nHost: ${'a'.repeat(40)}`).at(-1), 'broken');
  });

  const jumpers: [name: string, head: string][] = [
    ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'an upgrade',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
  ];
  for (const [name, head] of jumpers) {
    it(`is not to be sent ahead when it is ${name}, in however many pieces`, () => {
      assert.equal(judge(head), 'not-pipelined');
      assert.equal(judge(...head), 'not-pipelined');
      assert.equal(judge(head.slice(0, 20), head.slice(20), 'what follows'), 'not-pipelined');
    });

    it(`is not asked about ${name} behind it, which is looked at when it is next`, () => {
      assert.equal(judge(GET + head), 'request');
      assert.equal(judge(GET, head), 'request');
    });
  }
});
