import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ResponseParser, type ResponseSink } from './index.ts';
import { parseResponse } from './parsed.test-support.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function setUp() {
  const events: string[] = [];
  const sink: ResponseSink = {
    head: (head) => events.push(String(head.status)),
    body: (bytes, from, to) => events.push(bytes.toString('latin1', from, to)),
    end: () => events.push('end'),
    refuse: ({ status, reason }) => events.push(`${status} ${reason}`),
  };
  const parser = new ResponseParser();
  const execute = (text: string) => parser.execute(Buffer.from(text), 0, text.length, sink);
  return { parser, sink, events, execute };
}

describe('a parser of responses', () => {
  it('takes one response for each that is expected', () => {
    const { parser, events, execute } = setUp();
    parser.expect('GET');
    assert.equal(execute(OK + OK), OK.length);
    parser.expect('GET');
    assert.equal(execute(OK), OK.length);
    assert.deepEqual(events, ['200', 'ok', 'end', '200', 'ok', 'end']);
  });

  it('refuses bytes that answer nothing', () => {
    const { parser, events, execute } = setUp();
    parser.expect('GET');
    execute(OK);
    parser.forget();
    execute(OK);
    parser.expect('GET');
    execute(OK);
    assert.deepEqual(events, ['200', 'ok', 'end', '502 unsolicited-response']);
  });

  it('gives interim responses no end and goes on to the answer', () => {
    const { parser, events, execute } = setUp();
    parser.expect('POST');
    execute('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early');
    assert.equal(parser.isIdle, false);
    execute(` Hints\r\nLink: x\r\n\r\n${OK}`);
    assert.deepEqual(events, ['100', '103', '200', 'ok', 'end']);
    assert.equal(parser.isIdle, true);
  });

  it('still knows after an interim response that HEAD has no body', () => {
    const { parser, events, execute } = setUp();
    parser.expect('HEAD');
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
    assert.equal(execute(`${interim}${head}rest`), interim.length + head.length);
    assert.deepEqual(events, ['100', '200', 'end']);
  });

  it('leaves what follows 101 or a tunnel to the caller', () => {
    const { parser, events, execute } = setUp();
    const switching = 'HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    parser.expect('GET');
    assert.equal(execute(`${switching}\x81\x00`), switching.length);
    parser.expect('CONNECT');
    const tunnel = 'HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n';
    assert.equal(execute(`${tunnel}\x16\x03`), tunnel.length);
    assert.deepEqual(events, ['101', 'end', '200', 'end']);
  });

  it('says whether any of the answer has come', () => {
    const { parser, execute } = setUp();
    parser.expect('GET');
    assert.equal(parser.hasBegun, false);
    execute('H');
    assert.equal(parser.hasBegun, true);
    execute(OK.slice(1));
    parser.expect('GET');
    assert.equal(parser.hasBegun, false);
  });

  it('tells a body that ends with the connection from one that is cut off', () => {
    const ends = (text: string) => {
      const { messages, refusal } = parseResponse(text);
      return refusal?.reason ?? messages.at(-1)?.body;
    };
    assert.equal(ends('HTTP/1.1 200 OK\r\n\r\nhello'), 'hello');
    assert.equal(ends('HTTP/1.0 200 OK\r\n\r\n'), '');
    assert.equal(ends(OK), 'ok');
    assert.equal(ends(''), 'truncated');
    assert.equal(ends(OK.slice(0, -1)), 'truncated');
    assert.equal(ends('HTTP/1.1 200 OK\r\n\r'), 'truncated');
    assert.equal(ends('HTTP/1.1 100 Continue\r\n\r\n'), 'truncated');
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n';
    assert.equal(ends(`${chunked}0\r\n\r\n`), 'ok');
    assert.equal(ends(`${chunked}0\r\n`), 'truncated');
    assert.equal(ends(chunked), 'truncated');
  });

  it('reports nothing at the end of a connection that is between responses', () => {
    const { parser, sink, events, execute } = setUp();
    parser.finish(sink);
    parser.expect('GET');
    execute(OK);
    parser.finish(sink);
    assert.deepEqual(events, ['200', 'ok', 'end']);
  });
});

describe('the head of a response', () => {
  it('says whether the connection can be used again', () => {
    const keepAlive = (version: string, lines: string) =>
      parseResponse(`HTTP/${version} 200 OK\r\n${lines}\r\n`).messages[0]?.keepAlive;
    assert.equal(keepAlive('1.1', 'Content-Length: 0\r\n'), true);
    assert.equal(keepAlive('1.1', 'Content-Length: 0\r\nConnection: close\r\n'), false);
    assert.equal(keepAlive('1.1', ''), false);
    assert.equal(keepAlive('1.0', 'Content-Length: 0\r\n'), false);
    assert.equal(keepAlive('1.0', 'Content-Length: 0\r\nConnection: keep-alive\r\n'), true);
    assert.equal(keepAlive('1.0', 'Connection: keep-alive\r\n'), false);
  });
});
