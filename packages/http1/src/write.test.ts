import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunkPrefix, fieldLine, lastChunk, writeRequestHead, writeResponseHead } from './index.ts';
import { parseRequests, parseResponse } from './parsed.test-support.ts';

const host = fieldLine('Host', 'a');

describe('a written head', () => {
  it('is the start line, the lines as given, the framing and an empty line', () => {
    assert.equal(
      writeRequestHead('PUT', '/a?b', 5, host, fieldLine('x', '')),
      'PUT /a?b HTTP/1.1\r\nHost: a\r\nx: \r\ncontent-length: 5\r\n\r\n',
    );
    assert.equal(
      writeResponseHead(200, 'OK', 'chunked'),
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    assert.equal(writeResponseHead(204, '', 'none'), 'HTTP/1.1 204 \r\n\r\n');
  });

  it('is not written when it would be read as something else', () => {
    const bad = ['', ' ', 'a b', 'a\r\nb', 'a\nb', 'a\rb', 'a\0b', 'a\u010db', 'a\u010ab', '\xe4'];
    for (const text of [...bad, 'a:b', 'a/b', '(a)']) {
      assert.throws(() => writeRequestHead(text, '/', 'none', host), TypeError, text);
      assert.throws(() => fieldLine(text, 'v'), TypeError, text);
    }
    for (const text of bad) {
      assert.throws(() => writeRequestHead('GET', text, 'none', host), TypeError, text);
    }
    for (const text of [
      'a\r\nb: c',
      'a\n',
      '\r',
      '\0',
      '\x7f',
      '\x0b',
      '\u010d\u010a',
      '\u{1f600}',
    ]) {
      assert.throws(() => fieldLine('a', text), TypeError, JSON.stringify(text));
      assert.throws(() => writeResponseHead(200, text, 'none'), TypeError, JSON.stringify(text));
    }
    for (const status of [0, 99, 600, 200.5, Number.NaN]) {
      assert.throws(() => writeResponseHead(status, '', 'none'), TypeError);
    }
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => writeRequestHead('GET', '/', size, host), TypeError);
    }
  });

  it('has one framing, and none where the status has no body', () => {
    assert.throws(() => fieldLine('Content-Length', '5'), TypeError);
    assert.throws(() => fieldLine('TRANSFER-ENCODING', 'chunked'), TypeError);
    for (const status of [100, 101, 204]) {
      assert.throws(() => writeResponseHead(status, '', 0), TypeError);
      assert.throws(() => writeResponseHead(status, '', 'chunked'), TypeError);
    }
  });
});

describe('written chunks', () => {
  it('are read again', () => {
    const head = writeResponseHead(200, 'OK', 'chunked');
    const body = `${chunkPrefix(5)}hello\r\n${chunkPrefix(16)}${'x'.repeat(16)}\r\n`;
    const { messages } = parseResponse(head + body + lastChunk(fieldLine('a', 'b')));
    assert.equal(messages[0]?.body, `hello${'x'.repeat(16)}`);
    assert.deepEqual(messages[0]?.trailers, [['a', 'b']]);
    assert.equal(messages[0]?.isComplete, true);
    assert.equal(lastChunk(), '0\r\n\r\n');
  });

  it('have a size, because none would end the body', () => {
    for (const size of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => chunkPrefix(size), TypeError, String(size));
    }
  });
});

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/);
const value = fc
  .stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,40}$/)
  .map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ''));
const known = /^(host|connection|upgrade|content-length|transfer-encoding)$/i;
const fieldList = fc.array(
  fc.tuple(
    token.filter((name) => !known.test(name)),
    value,
  ),
  {
    maxLength: 40,
  },
);

describe('what is written', () => {
  it('is read as the same request', () => {
    const method = token.filter((name) => name !== 'CONNECT');
    const target = fc.stringMatching(/^\/[!$-;=?-[\]^-~]{0,60}$/);
    fc.assert(
      fc.property(method, target, fieldList, fc.nat(50), (name, path, fields, size) => {
        const lines = fields.map(([field, text]) => fieldLine(field, text));
        const text = writeRequestHead(name, path, size, host, ...lines) + 'x'.repeat(size);
        const { messages, refusal } = parseRequests(text);
        assert.equal(refusal, undefined);
        assert.equal(messages[0]?.startLine, `${name} ${path}`);
        assert.deepEqual(messages[0]?.fields.slice(1, -1), fields);
        assert.equal(messages[0]?.body.length, size);
      }),
    );
  });

  it('is read as the same response', () => {
    const status = fc
      .integer({ min: 200, max: 599 })
      .filter((code) => code !== 204 && code !== 304);
    fc.assert(
      fc.property(status, value, fieldList, fc.nat(50), (code, reason, fields, size) => {
        const lines = fields.map(([field, text]) => fieldLine(field, text));
        const text = writeResponseHead(code, reason, size, ...lines) + 'x'.repeat(size);
        const { messages, refusal } = parseResponse(text);
        assert.equal(refusal, undefined);
        assert.equal(messages[0]?.startLine, `${code} ${reason}`);
        assert.deepEqual(messages[0]?.fields.slice(0, -1), fields);
        assert.equal(messages[0]?.isComplete, true);
      }),
    );
  });

  it('is the same request when its end-to-end fields are passed on', () => {
    fc.assert(
      fc.property(fieldList, (fields) => {
        const lines = fields.map(([field, text]) => fieldLine(field, text));
        const first = parseRequests(writeRequestHead('GET', '/', 'none', host, ...lines));
        const passedOn = first.messages[0]?.endToEnd as ReturnType<typeof fieldLine>;
        const second = parseRequests(writeRequestHead('GET', '/', 'none', passedOn));
        assert.equal(second.messages[0]?.endToEnd, passedOn);
        assert.equal(second.refusal, undefined);
      }),
    );
  });
});

describe('any bytes at all', () => {
  const bytes = fc.oneof(
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)) }),
    fc
      .array(
        fc.constantFrom(
          'GET',
          ' ',
          '/',
          'HTTP/1.1',
          '\r',
          '\n',
          '\r\n',
          'Host',
          ':',
          'a',
          '5',
          ';',
          '"',
          '0',
          'Transfer-Encoding: chunked',
          '\0',
          '\xff',
          'HTTP/1.1 200 OK',
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join('')),
  );
  const cuts = fc.array(fc.nat(80), { maxLength: 5 });

  it('are taken in or refused, and in pieces just as whole', () => {
    const sorted = (at: number[], text: string) =>
      [...new Set(at)].filter((cut) => cut < text.length).sort((a, b) => a - b);
    fc.assert(
      fc.property(bytes, cuts, fc.boolean(), (text, at, hasHead) => {
        const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
        const all = hasHead ? head + text : text;
        const whole = parseRequests(all);
        assert.equal(whole.consumed, all.length);
        assert.deepEqual(parseRequests(all, sorted(at, all)), whole);
        const response = parseResponse(text);
        assert.deepEqual(parseResponse(text, sorted(at, text)), response);
      }),
      { numRuns: 2_000 },
    );
  });
});
