import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestHead } from '../fields.test-support.ts';
import { fillRequestLines } from './fill-lines.ts';
import { variantKeyOf } from './key.ts';

function sent(lines: readonly string[], headers: readonly string[] = []): string[] {
  const { fields } = requestHead('GET / HTTP/1.1', 'Host: a', ...lines);
  return fillRequestLines(fields, { query: 'all', headers }).split('\r\n').slice(0, -1);
}

const FOR_ONE_CLIENT = [
  'Range: bytes=0-1',
  'If-Range: "a"',
  'If-Match: "a"',
  'If-None-Match: "a"',
  'If-Modified-Since: x',
  'If-Unmodified-Since: x',
  'Cache-Control: only-if-cached',
  'Pragma: no-cache',
  'X-Forwarded-Host: evil',
  'X-Forwarded-Server: evil',
  'X-Forwarded-Scheme: http',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Anything: x',
  'X-Original-URL: /admin',
  'X-Rewrite-URL: /admin',
  'X-HTTP-Method-Override: POST',
  'X-Method-Override: POST',
  'X-Host: evil',
  'X-Original-Host: evil',
  'Content-Type: text/html',
  'Max-Forwards: 0',
];

describe('the request behind a stored answer', () => {
  for (const line of FOR_ONE_CLIENT) {
    it(`is without ${line}, however it is spelled`, () => {
      const [name = '', value = ''] = line.split(': ');
      for (const spelled of [name, name.toLowerCase(), name.replaceAll('-', '_').toUpperCase()]) {
        assert.deepEqual(sent([`${spelled}: ${value}`, 'A: 1']), ['A: 1'], spelled);
      }
    });
  }

  it('has what the key is made of', () => {
    assert.deepEqual(
      sent(['X-Host: a', 'X-Forwarded-Prefix: /b'], ['x-host', 'x-forwarded-prefix']),
      ['X-Host: a', 'X-Forwarded-Prefix: /b'],
    );
    assert.deepEqual(sent(['X_Host: a'], ['x-host']), []);
  });

  it('has all other end-to-end fields, credentials among them', () => {
    const lines = ['Authorization: x', 'Cookie: a=b', 'Origin: http://a', 'X-Api-Version: 2'];
    assert.deepEqual(
      sent([...lines, 'Connection: X-Hop', 'X-Hop: 1', 'Expect: 100-continue']),
      lines,
    );
  });

  it('asks for codings and languages in the words that all say who share the key', () => {
    const asked = ['Accept-Encoding: br, foo, GZIP;q=0.1', 'accept-language: DE, en'];
    assert.deepEqual(sent(asked), ['accept-encoding: gzip,br', 'accept-language: de,en']);
    const names = ['accept-encoding', 'accept-language'];
    const before = requestHead('GET / HTTP/1.0', ...asked).fields;
    const after = requestHead('GET / HTTP/1.0', ...sent(asked)).fields;
    assert.equal(variantKeyOf(names, after), variantKeyOf(names, before));
  });
});
