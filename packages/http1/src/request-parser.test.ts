import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_LIMITS, type RequestHead, RequestParser, type RequestSink } from './index.ts';
import { parseRequests } from './parsed.test-support.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

function quietSink(head: (head: RequestHead) => void = () => {}) {
  const events: string[] = [];
  const sink: RequestSink = {
    head(seen) {
      events.push('head');
      head(seen);
    },
    body: (_bytes, from, to) => events.push(`body ${from}-${to}`),
    end: () => events.push('end'),
    refuse: (refusal) => events.push(refusal.reason),
  };
  return { events, sink };
}

function headOf(text: string): RequestHead {
  let head: RequestHead | undefined;
  const { sink } = quietSink((seen) => {
    head = seen;
  });
  const bytes = Buffer.from(text);
  new RequestParser().execute(bytes, 0, bytes.length, sink);
  assert.ok(head);
  return head;
}

describe('pipelined requests', () => {
  it('are taken one at a time', () => {
    const parser = new RequestParser();
    const { events, sink } = quietSink();
    const bytes = Buffer.from(GET + GET);
    assert.equal(parser.execute(bytes, 0, bytes.length, sink), GET.length);
    assert.deepEqual(events, ['head', 'end']);
    assert.equal(parser.execute(bytes, GET.length, bytes.length, sink), bytes.length);
    assert.deepEqual(events, ['head', 'end', 'head', 'end']);
  });

  it('keep their bodies apart', () => {
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n';
    const chunked =
      'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\nT: u\r\n\r\n';
    const { messages, refusal } = parseRequests(`${post}abc${chunked}${GET}${chunked}`);
    assert.equal(refusal, undefined);
    assert.deepEqual(
      messages.map(({ startLine, body, trailers }) => [startLine, body, trailers.length]),
      [
        ['POST /', 'abc', 0],
        ['PUT /', 'xy', 1],
        ['GET /a', '', 0],
        ['PUT /', 'xy', 1],
      ],
    );
  });

  it('may be cut anywhere', () => {
    const text = `${GET}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n${GET}`;
    const whole = parseRequests(text);
    assert.equal(whole.messages.length, 3);
    for (let a = 1; a < text.length; a++) {
      for (let b = a + 1; b < text.length; b += 5) {
        assert.deepEqual(parseRequests(text, [a, b]), whole);
      }
    }
  });
});

describe('a parser of requests', () => {
  it('reports a body as ranges of the given bytes, as they come', () => {
    const parser = new RequestParser();
    const { events, sink } = quietSink();
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n';
    const bytes = Buffer.from(`${head}0123`);
    parser.execute(bytes, 0, bytes.length, sink);
    parser.execute(Buffer.from('..456789next'), 2, 12, sink);
    const from = head.length;
    assert.deepEqual(events, ['head', `body ${from}-${from + 4}`, 'body 2-8', 'end']);
  });

  it('knows whether it is between requests', () => {
    const parser = new RequestParser();
    const { sink } = quietSink();
    const idleAfter = (text: string) => {
      const bytes = Buffer.from(text);
      parser.execute(bytes, 0, bytes.length, sink);
      return parser.isIdle;
    };
    assert.equal(parser.isIdle, true);
    assert.equal(idleAfter('\r\n'), true);
    assert.equal(idleAfter('G'), false);
    assert.equal(idleAfter('ET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r'), false);
    assert.equal(idleAfter('\n'), false);
    assert.equal(idleAfter('x'), true);
    parser.forget();
    assert.equal(idleAfter(GET), true);
    assert.equal(idleAfter('\0'), false);
  });

  it('refuses a request that is cut off, and only such a one', () => {
    for (const [text, expected] of [
      ['', undefined],
      ['\r\n', undefined],
      [GET, undefined],
      ['G', 'truncated'],
      [GET.slice(0, -1), 'truncated'],
      [`${GET}GET`, 'truncated'],
      ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab', 'truncated'],
      ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r', 'truncated'],
    ] as const) {
      const { refusal } = parseRequests(text);
      assert.equal(refusal?.reason, expected, JSON.stringify(text));
      assert.equal(refusal?.status, expected && 400);
    }
  });

  it('takes nothing more after a refusal', () => {
    const parser = new RequestParser();
    const { events, sink } = quietSink();
    const bytes = Buffer.from(`BAD\n${GET}`);
    assert.equal(parser.execute(bytes, 0, bytes.length, sink), bytes.length);
    assert.equal(parser.execute(bytes, 4, bytes.length, sink), bytes.length);
    parser.finish(sink);
    assert.deepEqual(events, ['bare-lf']);
  });

  it('lets an error of the sink through', () => {
    const parser = new RequestParser();
    const { sink } = quietSink(() => {
      throw new Error('not a refusal');
    });
    const bytes = Buffer.from(GET);
    assert.throws(() => parser.execute(bytes, 0, bytes.length, sink), /not a refusal/);
  });

  it('keeps to the limits it is given', () => {
    const limits = {
      ...DEFAULT_LIMITS,
      headSizeBytes: 60,
      headerCount: 2,
      targetLength: 10,
      trailerSizeBytes: 10,
      chunkExtensionBytes: 3,
    };
    const reason = (text: string) => parseRequests(text, [], limits).refusal?.reason;
    const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    assert.equal(reason('GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n'), undefined);
    assert.equal(reason('GET /1234567890 HTTP/1.1\r\nHost: a\r\n\r\n'), 'target-too-long');
    assert.equal(reason('GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n'), undefined);
    assert.equal(reason('GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n'), 'too-many-fields');
    assert.equal(reason(`GET / HTTP/1.1\r\nHost: ${'a'.repeat(34)}\r\n\r\n`), undefined);
    assert.equal(reason(`GET / HTTP/1.1\r\nHost: ${'a'.repeat(35)}\r\n\r\n`), 'head-too-large');
    assert.equal(reason(`${chunked}1;ab\r\nx\r\n0\r\nA: bcd\r\n\r\n`), undefined);
    assert.equal(reason(`${chunked}1;ab\r\nx\r\n0;a\r\n\r\n`), 'chunk-extension-too-long');
    assert.equal(reason(`${chunked}0\r\nA: bcde\r\n\r\n`), 'trailers-too-large');
  });
});

describe('the head of a request', () => {
  it('says whom it is for', () => {
    const forms = [
      ['GET / HTTP/1.1\r\nHost: a:80\r\n\r\n', 'origin', 'a:80'],
      ['GET / HTTP/1.0\r\n\r\n', 'origin', undefined],
      ['GET http://b/x?y HTTP/1.1\r\nHost: a\r\n\r\n', 'absolute', 'b'],
      ['GET HTTPS://b:443?y HTTP/1.1\r\nHost: a\r\n\r\n', 'absolute', 'b:443'],
      ['CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n', 'authority', 'b:443'],
      ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'asterisk', 'a'],
    ];
    for (const [text, form, authority] of forms) {
      const head = headOf(text as string);
      assert.deepEqual([head.targetForm, head.authority], [form, authority]);
    }
  });

  it('says whether the connection goes on', () => {
    const keepAlive = (version: string, ...connection: string[]) =>
      headOf(
        `GET / HTTP/${version}\r\nHost: a\r\n${connection.map((c) => `Connection: ${c}\r\n`).join('')}\r\n`,
      ).keepAlive;
    assert.equal(keepAlive('1.1'), true);
    assert.equal(keepAlive('1.1', 'Close'), false);
    assert.equal(keepAlive('1.1', 'keep-alive'), true);
    assert.equal(keepAlive('1.1', 'keep-alive, close'), false);
    assert.equal(keepAlive('1.1', 'keep-alive', 'x,close'), false);
    assert.equal(keepAlive('1.0'), false);
    assert.equal(keepAlive('1.0', 'Keep-Alive'), true);
    assert.equal(keepAlive('1.0', 'keep-alive, close'), false);
  });

  it('offers an upgrade only where Connection and the version allow it', () => {
    const upgrade = (version: string, lines: string) =>
      headOf(`GET / HTTP/${version}\r\nHost: a\r\nUpgrade: websocket\r\n${lines}\r\n`).upgrade;
    assert.equal(upgrade('1.1', 'Connection: x, UPGRADE\r\n'), 'websocket');
    assert.equal(upgrade('1.1', ''), undefined);
    assert.equal(upgrade('1.1', 'Connection: close\r\n'), undefined);
    assert.equal(upgrade('1.0', 'Connection: upgrade\r\n'), undefined);
  });

  it('expects 100 only with a body to wait for and a version that knows it', () => {
    const expects = (version: string, lines: string) =>
      headOf(`POST / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`).expectsContinue;
    assert.equal(expects('1.1', 'Expect: 100-Continue\r\nContent-Length: 2\r\n'), true);
    assert.equal(expects('1.1', 'Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n'), true);
    assert.equal(expects('1.1', 'Expect: 100-continue\r\n'), false);
    assert.equal(expects('1.1', 'Expect: 200-ok\r\nContent-Length: 2\r\n'), false);
    assert.equal(expects('1.0', 'Expect: 100-continue\r\nContent-Length: 2\r\n'), false);
  });

  it('stays as it is until the next request begins', () => {
    const parser = new RequestParser();
    let head: RequestHead | undefined;
    const { sink } = quietSink((seen) => {
      head = seen;
    });
    const bytes = Buffer.from(`${GET}POST /b HTTP/1.1\r\nHost: b\r\n\r\n`);
    const at = parser.execute(bytes, 0, bytes.length, sink);
    bytes.fill(0, 0, at);
    assert.deepEqual([head?.target, head?.fields.value(0)], ['/a', 'a']);
    parser.execute(bytes, at, bytes.length, sink);
    assert.deepEqual([head?.method, head?.target, head?.fields.value(0)], ['POST', '/b', 'b']);
  });
});
