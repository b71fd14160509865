import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  endToEndRequestHeaders,
  endToEndResponseHeaders,
  headerCount,
  headerValue,
  joinedHeader,
} from './headers.ts';

const directions = [
  { name: 'a request', endToEnd: endToEndRequestHeaders },
  { name: 'a response', endToEnd: endToEndResponseHeaders },
];

const HOP_BY_HOP = [
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
];

for (const { name, endToEnd } of directions) {
  describe(`the end-to-end fields of ${name}`, () => {
    for (const field of HOP_BY_HOP) {
      it(`are without ${field}, in any case`, () => {
        for (const spelled of [field, field.toLowerCase(), field.toUpperCase()]) {
          assert.deepEqual(endToEnd([spelled, 'x', 'Accept', '*/*']), ['Accept', '*/*']);
        }
      });
    }

    it('are without the fields that Connection names, in however many lists', () => {
      const headers = [
        ...['X-One', '1', 'Connection', 'x-one ,, X-TWO,close'],
        ...['x-two', '2', 'connection', '\tx-three', 'X-Three', '3', 'X-Four', '4'],
      ];
      assert.deepEqual(endToEnd(headers), ['X-Four', '4']);
    });

    it('keep what Connection must not name', () => {
      const kept = [
        'Authorization',
        'Content-Length',
        'Content-Type',
        'Cookie',
        'Set-Cookie',
        'Via',
      ];
      const headers = kept.flatMap((field) => [field, 'x']);
      const connection = ['Connection', kept.join(', ')];
      assert.deepEqual(endToEnd([...connection, ...headers]), headers);
    });

    it('keep order, spelling and duplicates', () => {
      const headers = ['B', '2', 'aCCept', 'x', 'B', '1', 'accept', '', 'b', '2'];
      assert.deepEqual(endToEnd(headers), headers);
    });

    it('are those that came, less those whose name is taken off', () => {
      const field = fc.constantFrom('Accept', 'X-A', 'x-a', 'X-B', 'Cookie', 'TE', 'Upgrade');
      const options = fc.array(fc.constantFrom('x-a', 'X-B', 'cookie', 'close', ''));
      const fields = fc.array(fc.tuple(field, fc.string()));
      fc.assert(
        fc.property(fields, options, (list, named) => {
          const gone = new Set([...named.map((option) => option.toLowerCase()), 'te', 'upgrade']);
          gone.delete('cookie');
          const expected = list.filter(([each]) => !gone.has(each.toLowerCase())).flat();
          assert.deepEqual(endToEnd([...list.flat(), 'Connection', named.join(',')]), expected);
        }),
      );
    });
  });
}

describe('the end-to-end fields of a request', () => {
  it('are without what the edge writes itself', () => {
    const replaced = [
      ...['Expect', 'Forwarded', 'Host', 'Traceparent'],
      ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Request-Id'],
    ];
    assert.deepEqual(endToEndRequestHeaders(replaced.flatMap((field) => [field, 'x'])), []);
  });
});

describe('the end-to-end fields of a response', () => {
  it('are without the request id of the upstream', () => {
    const headers = ['X-Request-Id', 'theirs', 'Traceparent', 'kept'];
    assert.deepEqual(endToEndResponseHeaders(headers), ['Traceparent', 'kept']);
  });
});

describe('reading a header list', () => {
  const headers = ['Host', 'a', 'Accept', 'x', 'ACCEPT', 'y', 'Empty', ''];

  it('finds the first field of a name in any case', () => {
    assert.equal(headerValue(headers, 'accept'), 'x');
    assert.equal(headerValue(headers, 'empty'), '');
    assert.equal(headerValue(headers, 'a'), undefined);
  });

  it('joins all fields of a name to one list', () => {
    assert.equal(joinedHeader(headers, 'accept'), 'x, y');
    assert.equal(joinedHeader(headers, 'empty'), '');
    assert.equal(joinedHeader(headers, 'absent'), undefined);
  });

  it('counts the fields of a name', () => {
    assert.equal(headerCount(headers, 'accept'), 2);
    assert.equal(headerCount(headers, 'x'), 0);
  });
});
