import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOTS, slotOf } from './redis-slot.ts';

test('the checksum is CRC-16/XMODEM: 0x31C3 of "123456789"', () => {
  assert.equal(slotOf('123456789'), 0x31c3);
  assert.equal(slotOf(''), 0);
  for (let i = 0; i < 1_000; i++) assert.ok(slotOf(`key-${i}`) < SLOTS);
});

test('only a hash tag counts, and only the first, and only one that is not empty', () => {
  assert.equal(slotOf('a{tag}b'), slotOf('tag'));
  assert.equal(slotOf('{tag}{other}'), slotOf('tag'));
  assert.equal(slotOf('{{tag}}'), slotOf('{tag'));
  assert.notEqual(slotOf('{}a'), slotOf('{}b'));
  assert.notEqual(slotOf('a{b'), slotOf('b'));
  assert.notEqual(slotOf('}{a'), slotOf('a'));
  assert.equal(slotOf('grüße{grün}'), slotOf('grün'));
});
