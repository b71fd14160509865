import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createRequestIds, isValidRequestId } from './request-id.ts';

test('ids have 20 characters, are valid, and never repeat', () => {
  const ids = createRequestIds(randomBytes);
  const seen = new Set(Array.from({ length: 100_000 }, () => ids.next()));
  assert.equal(seen.size, 100_000);
  for (const id of seen) assert.match(id, /^[0-9a-z]{20}$/);
  assert.ok([...seen].every(isValidRequestId));
});

test('two processes share no id', () => {
  const one = createRequestIds(randomBytes);
  const other = createRequestIds(randomBytes);
  const seen = new Set(Array.from({ length: 1000 }, () => one.next()));
  for (let i = 0; i < 1000; i++) assert.equal(seen.has(other.next()), false);
});

test('random bytes are asked for once, not per request', () => {
  let calls = 0;
  const ids = createRequestIds((size) => {
    calls++;
    return randomBytes(size);
  });
  for (let i = 0; i < 1000; i++) ids.next();
  assert.equal(calls, 1);
});

test('an id from outside is kept when it is visible ASCII of a sane length', () => {
  for (const id of ['a', '6f1c0d5e-6a0b-4d6f-9a43-1d1f7b0c9d11', 'Root=1-67;x', '!'.repeat(128)]) {
    assert.equal(isValidRequestId(id), true, id);
  }
  for (const id of [
    '',
    'a b',
    'a\n',
    'a\r\nx: y',
    'a\t',
    'é',
    '\u001b[31m',
    '\x7f',
    'a'.repeat(129),
  ]) {
    assert.equal(isValidRequestId(id), false, JSON.stringify(id));
  }
});
