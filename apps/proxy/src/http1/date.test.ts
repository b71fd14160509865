import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateLine } from './date.ts';

const NOON = Date.UTC(1994, 10, 6, 12, 0, 0);

test('the date is written as RFC 9110 wants it', () => {
  assert.equal(dateLine(NOON), 'date: Sun, 06 Nov 1994 12:00:00 GMT\r\n');
});

test('the date changes with each second, and not within one', () => {
  const first = dateLine(NOON + 999);
  assert.equal(first, dateLine(NOON));
  assert.equal(dateLine(NOON + 1_000), 'date: Sun, 06 Nov 1994 12:00:01 GMT\r\n');
  assert.equal(dateLine(NOON), first, 'a clock that was set back is believed');
});
