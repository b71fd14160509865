import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIdempotentMethod, mayRetry, type RetryQuestion } from './retry.ts';

const safe: RetryQuestion = {
  method: 'GET',
  attempts: 1,
  maxAttempts: 2,
  wasAnythingSent: true,
  hasResponseStarted: false,
  canReplayBody: true,
};

const cases: readonly [behaviour: string, change: Partial<RetryQuestion>, expected: boolean][] = [
  ['an idempotent request is tried again', {}, true],
  ['not more often than allowed', { attempts: 2 }, false],
  ['not after the response has started', { hasResponseStarted: true }, false],
  ['not after body bytes are gone', { method: 'PUT', canReplayBody: false }, false],
  ['a POST is not', { method: 'POST' }, false],
  ['a POST of which nothing was sent is', { method: 'POST', wasAnythingSent: false }, true],
  [
    'unless its body is gone',
    { method: 'POST', wasAnythingSent: false, canReplayBody: false },
    false,
  ],
  ['a POST its route calls idempotent is', { method: 'POST', isIdempotent: true }, true],
  ['a GET its route calls not idempotent is not', { isIdempotent: false }, false],
  ['but is when nothing was sent', { isIdempotent: false, wasAnythingSent: false }, true],
  ['allowing one attempt allows no retry', { wasAnythingSent: false, maxAttempts: 1 }, false],
];

for (const [behaviour, change, expected] of cases) {
  test(`retry: ${behaviour}`, () => {
    assert.equal(mayRetry({ ...safe, ...change }), expected);
  });
}

test('the idempotent methods are those of RFC 9110, by exact name', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) {
    assert.equal(isIdempotentMethod(method), true, method);
  }
  for (const method of ['POST', 'PATCH', 'CONNECT', 'LOCK', 'get', '']) {
    assert.equal(isIdempotentMethod(method), false, method);
  }
});
