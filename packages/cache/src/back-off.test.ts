import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackOff } from './back-off.ts';

test('a key is left alone for its time, or until it is ended', () => {
  let nowMs = 0;
  const backOff = createBackOff(() => nowMs);
  backOff.start('a', 10);
  backOff.start('b', 10);
  backOff.start('c', 0);
  const on = () => ['a', 'b', 'c'].filter((key) => backOff.isOn(key));
  assert.deepEqual(on(), ['a', 'b']);
  backOff.end('b');
  nowMs = 9;
  assert.deepEqual(on(), ['a']);
  nowMs = 10;
  assert.deepEqual(on(), []);
});

test('of too many keys the oldest are forgotten', () => {
  const backOff = createBackOff(() => 0);
  for (let i = 0; i <= 10_000; i++) backOff.start(`${i}`, 10);
  assert.equal(backOff.isOn('0'), false);
  assert.equal(backOff.isOn('1'), true);
  backOff.start('1', 10);
  backOff.start('new', 10);
  assert.equal(backOff.isOn('2'), false);
  assert.equal(backOff.isOn('1'), true);
});
