import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestPath } from './request-path.ts';

test('segments and query are encoded below the base path', () => {
  assert.equal(requestPath('', []), '/');
  assert.equal(requestPath('', ['posts', 7]), '/posts/7');
  assert.equal(requestPath('/v1', ['a b', 'c/d?e#f']), '/v1/a%20b/c%2Fd%3Fe%23f');
  assert.equal(
    requestPath('', ['posts'], { limit: 5, q: 'a&b', none: undefined }),
    '/posts?limit=5&q=a%26b',
  );
});

test('no segment can change the host or climb out of the base path', () => {
  const hostile = [
    '//evil',
    'http://evil',
    '@evil',
    '\\evil',
    '..\\..',
    '%2e%2e',
    'a/../..',
    '\r\n',
    ':80',
  ];
  for (const segment of hostile) {
    const url = new URL(requestPath('/base', [segment, 'x']), 'http://partner:1');
    assert.equal(url.origin, 'http://partner:1', segment);
    assert.equal(url.pathname.split('/').length, 4, segment);
    assert.equal(url.pathname.startsWith('/base/'), true, segment);
  }
});

test('dot segments and empty ones are refused', () => {
  for (const segment of ['', '.', '..']) {
    assert.throws(() => requestPath('', [segment]), TypeError);
  }
});
