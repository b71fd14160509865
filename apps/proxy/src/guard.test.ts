import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyTooLarge, type GuardedRequest, guardRequest } from './guard.ts';

const fine: GuardedRequest = {
  method: 'GET',
  path: '/',
  expect: undefined,
  bodySizeBytes: undefined,
};

test('an ordinary request is let through', () => {
  assert.equal(guardRequest(fine, undefined), undefined);
  assert.equal(guardRequest(fine, 0), undefined);
});

test('a body as large as the limit is let through, one byte more is 413', () => {
  assert.equal(guardRequest({ ...fine, bodySizeBytes: 100 }, 100), undefined);
  const refusal = guardRequest({ ...fine, bodySizeBytes: 101 }, 100);
  assert.equal(refusal?.kind, 'body-too-large');
  assert.equal(refusal?.detail, 'the body exceeds 100 bytes');
});

test('without a limit no body is too large', () => {
  assert.equal(guardRequest({ ...fine, bodySizeBytes: 2 ** 53 - 1 }, undefined), undefined);
});

test('a body that turns out too large is refused with the same words', () => {
  assert.deepEqual(bodyTooLarge(100), guardRequest({ ...fine, bodySizeBytes: 101 }, 100));
});

test('the only expectation that can be met is 100-continue', () => {
  assert.equal(guardRequest({ ...fine, expect: '100-Continue' }, 100), undefined);
  for (const expect of ['', 'x', '100-continue, x']) {
    const refusal = guardRequest({ ...fine, expect }, 100);
    assert.equal(refusal?.kind, 'expectation-failed', expect);
    assert.ok(refusal.detail.includes(`"${expect}"`), refusal.detail);
  }
});

test('TRACE is not served, under whatever path', () => {
  for (const path of ['/', '/a']) {
    assert.equal(guardRequest({ ...fine, method: 'TRACE', path }, 100)?.kind, 'method-refused');
  }
});

test('OPTIONS about the server itself is not served, about a path it is', () => {
  const asked = { ...fine, method: 'OPTIONS' };
  assert.equal(guardRequest({ ...asked, path: '*' }, 100)?.kind, 'method-refused');
  assert.equal(guardRequest(asked, 100), undefined);
});
