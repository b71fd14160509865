import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldsOf, requestHead, responseHead } from './fields.test-support.ts';
import { endToEndRequestLines, endToEndResponseLines, fieldValue, joinedField } from './headers.ts';

function ofRequest(...lines: string[]): string {
  return endToEndRequestLines(requestHead('GET / HTTP/1.1', 'Host: a', ...lines).fields);
}

function ofResponse(...lines: string[]): string {
  return endToEndResponseLines(responseHead('HTTP/1.1 200 OK', ...lines).fields);
}

const directions = [
  { name: 'a request', endToEnd: ofRequest },
  { name: 'a response', endToEnd: ofResponse },
];

const HOP_BY_HOP = [
  'Connection: x',
  'Keep-Alive: timeout=5',
  'Proxy-Authenticate: x',
  'Proxy-Authorization: x',
  'Proxy-Connection: close',
  'TE: trailers',
  'Trailer: x',
  'Transfer-Encoding: chunked',
  'Upgrade: x',
];

function written(...lines: string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

for (const { name, endToEnd } of directions) {
  describe(`the end-to-end fields of ${name}`, () => {
    for (const field of HOP_BY_HOP) {
      it(`are without ${field}, in any case`, () => {
        for (const spelled of [field, field.toLowerCase(), field.toUpperCase()]) {
          assert.equal(endToEnd(spelled, 'Accept: */*'), written('Accept: */*'));
        }
      });
    }

    it('are without the length, because the message is framed anew', () => {
      assert.equal(endToEnd('Content-Length: 0', 'Accept: */*'), written('Accept: */*'));
    });

    it('are without the fields that Connection names, in however many lists', () => {
      const lines = [
        ...['X-One: 1', 'Connection: x-one ,, X-TWO,close'],
        ...['x-two: 2', 'connection: \tx-three', 'X-Three: 3', 'X-Four: 4'],
      ];
      assert.equal(endToEnd(...lines), written('X-Four: 4'));
    });

    it('keep what Connection must not name', () => {
      const kept = ['Authorization: x', 'Content-Type: x', 'Cookie: x', 'Set-Cookie: x', 'Via: x'];
      const named = kept.map((line) => line.replace(/:.*/, '')).join(', ');
      assert.equal(endToEnd(`Connection: ${named}`, ...kept), written(...kept));
    });

    it('keep order, spelling, duplicates and bytes beyond ASCII', () => {
      const lines = ['B: 2', 'aCCept: x\xe9', 'B: 1', 'accept:', 'b:  2 '];
      assert.equal(endToEnd(...lines), written(...lines));
    });

    it('are those that came, less those whose name is taken off', () => {
      const field = fc.constantFrom('Accept', 'X-A', 'x-a', 'X-B', 'Cookie', 'TE', 'Upgrade');
      const options = fc.array(fc.constantFrom('x-a', 'X-B', 'cookie', 'close', ''));
      const value = fc.string({ unit: fc.constantFrom('a', ' ', '\t', ':', ',', '"', '\xff') });
      fc.assert(
        fc.property(fc.array(fc.tuple(field, value)), options, (list, named) => {
          const gone = new Set([...named.map((option) => option.toLowerCase()), 'te', 'upgrade']);
          gone.delete('cookie');
          const lineOf = ([each, text]: [string, string]) => `${each}: ${text}`;
          const kept = list.filter(([each]) => !gone.has(each.toLowerCase()));
          const all = [...list.map(lineOf), `Connection: ${named.join(',')}`];
          assert.equal(endToEnd(...all), written(...kept.map(lineOf)));
        }),
      );
    });
  });
}

describe('the end-to-end fields of a request', () => {
  it('are without what the edge writes itself', () => {
    const replaced = ['Expect', 'Forwarded', 'Traceparent', 'X-Forwarded-For', 'X-Request-Id'];
    const hosts = ['X-Forwarded-Host', 'X-Forwarded-Proto'];
    assert.equal(ofRequest(...[...replaced, ...hosts].map((name) => `${name}: x`)), '');
  });

  it('are without what CGI-like origins take for the same', () => {
    const spelled = ['X_Forwarded_For', 'x-forwarded_for', 'X_FORWARDED-PROTO', 'X_Request-Id'];
    assert.equal(ofRequest(...spelled.map((name) => `${name}: x`)), '');
    assert.equal(ofRequest('X_Forwarded: x'), written('X_Forwarded: x'));
  });
});

describe('the end-to-end fields of a response', () => {
  it('are without the request id of the upstream', () => {
    assert.equal(
      ofResponse('X-Request-Id: theirs', 'Traceparent: kept'),
      written('Traceparent: kept'),
    );
  });
});

describe('asking about fields', () => {
  const fields = fieldsOf('Host: a', 'Accept: x', 'ACCEPT: y', 'Empty:');

  it('finds the first field of a name in any case', () => {
    assert.equal(fieldValue(fields, 'accept'), 'x');
    assert.equal(fieldValue(fields, 'empty'), '');
    assert.equal(fieldValue(fields, 'a'), undefined);
  });

  it('joins all fields of a name to one list', () => {
    assert.equal(joinedField(fields, 'accept'), 'x, y');
    assert.equal(joinedField(fields, 'empty'), '');
    assert.equal(joinedField(fields, 'absent'), undefined);
  });
});
