import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeKeyOf, storePrefixOf } from './store-key.ts';

test('a key of ordinary length is itself', () => {
  const key = 'x'.repeat(1_024);
  assert.equal(storeKeyOf(key), key);
});

test('what stands for a long key is short, begins like it, and is another for each', () => {
  const key = `http://a/${'x'.repeat(2_000)}`;
  const short = storeKeyOf(key);
  assert.ok(short.length < 600);
  assert.ok(key.startsWith(short.slice(0, 512)));
  assert.equal(storeKeyOf(key), short);
  assert.notEqual(storeKeyOf(`${key}y`), short);
});

test('keys that begin alike are found by what stands for their beginning', () => {
  const long = `http://a/${'x'.repeat(2_000)}`;
  for (const length of [3, 512, 513, 1_500]) {
    const prefix = long.slice(0, length);
    assert.ok(storeKeyOf(long).startsWith(storePrefixOf(prefix)), `${length}`);
    assert.ok(prefix.startsWith(storePrefixOf(prefix)));
  }
});
