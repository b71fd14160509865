import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandomHex } from './random-hex.ts';

test('digits are given out once, in order, over the ends of blocks', () => {
  let draws = 0;
  const hex = createRandomHex((size) => new Uint8Array(size).fill(draws++));
  const first = Array.from({ length: 64 }, () => hex(60)).join('');
  assert.match(first, /^(00)+$/);
  // 4096 digits make a block: the 69th does not fit any more.
  const second = Array.from({ length: 8 }, () => hex(60)).join('');
  assert.match(second, /^(00)*(01)+$/);
  assert.equal(draws, 2);
});
