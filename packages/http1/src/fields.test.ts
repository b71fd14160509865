import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fields, NameSet, RequestParser } from './index.ts';
import { parseRequests } from './parsed.test-support.ts';

/** Runs `look` on the fields of a request with these lines. */
function withFields(lines: string[], look: (fields: Fields) => void): void {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n`);
  let looked = 0;
  new RequestParser().execute(bytes, 0, bytes.length, {
    head({ fields }) {
      looked++;
      look(fields);
    },
    body: () => assert.fail('a body'),
    end() {},
    refuse: ({ reason }) => assert.fail(reason),
  });
  assert.equal(looked, 1);
}

describe('fields', () => {
  it('are read by number and found by name in any case', () => {
    withFields(['Host: a', 'Accept:  text/html\t', 'X-Empty:', 'accept: */*'], (fields) => {
      assert.equal(fields.count, 4);
      assert.deepEqual([fields.name(1), fields.value(1)], ['Accept', 'text/html']);
      assert.equal(fields.value(2), '');
      assert.ok(fields.is(1, 'accept'));
      assert.ok(!fields.is(1, 'accept-encoding'));
      assert.equal(fields.find('accept'), 1);
      assert.equal(fields.find('accept', 2), 3);
      assert.equal(fields.find('cookie'), -1);
    });
  });
});

describe('the fields that are passed on', () => {
  it('are as they were written, without the hop-by-hop ones', () => {
    withFields(
      [
        'Host: a',
        'Keep-Alive: timeout=5',
        'ACCEPT:   */* ',
        'Proxy-Connection: close',
        'TE: trailers',
        'Trailer: X',
        'Upgrade: h2c',
        'Cookie: a=b',
        'Proxy-Authorization: Basic x',
        'Connection: close',
      ],
      (fields) => {
        assert.equal(fields.endToEnd(), 'Host: a\r\nACCEPT:   */* \r\nCookie: a=b\r\n');
      },
    );
  });

  it('leave out framing, which the next message has its own of', () => {
    const [message] = parseRequests(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX: y\r\n\r\nok',
    ).messages;
    assert.equal(message?.endToEnd, 'Host: a\r\nX: y\r\n');
    assert.equal(message?.contentLength, 2);
  });

  it('leave out what Connection names, wherever it stands', () => {
    withFields(
      ['X-Hop: 1', 'Host: a', 'Connection: x-HOP, close', 'connection: X-Two', 'x-two: 2', 'B: c'],
      (fields) => assert.equal(fields.endToEnd(), 'Host: a\r\nB: c\r\n'),
    );
  });

  it('keep what no peer may have removed', () => {
    const kept = ['Host: a', 'Authorization: x', 'Cookie: a=b', 'X-Forwarded-For: b'];
    withFields(
      [...kept, 'Connection: host, authorization, cookie, x-forwarded-for, content-length'],
      (fields) => assert.equal(fields.endToEnd(), kept.map((line) => `${line}\r\n`).join('')),
    );
  });

  it('leave out what the caller writes itself', () => {
    const own = new NameSet(['host', 'x-request-id']);
    withFields(['HOST: a', 'A: b', 'X-Request-Id: 1', 'X-Request-Id: 2', 'C: d'], (fields) => {
      assert.equal(fields.endToEnd(own), 'A: b\r\nC: d\r\n');
      assert.equal(fields.endToEnd(new NameSet(['a', 'c', 'host', 'x-request-id'])), '');
    });
  });
});
