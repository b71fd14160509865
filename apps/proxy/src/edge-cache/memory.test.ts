import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldLines } from '@headgate/http1';
import { fieldsOf } from '../fields.test-support.ts';
import { CacheMemory } from './memory.ts';
import type { KeyRules } from './policy.ts';
import { storedAnswer, terms } from './stored-answer.test-support.ts';

const WHOLE: KeyRules = { query: 'all', headers: [] };
const URL = 'http://a/x';
const NONE = fieldsOf();
const ENGLISH = fieldsOf('Accept-Language: en');
const FRENCH = fieldsOf('Accept-Language: fr');

function bytes(count: number) {
  return storedAnswer({ bytes: Buffer.alloc(count) });
}

test('an answer is found where it was kept, until it is dropped', () => {
  const memory = new CacheMemory(10_000);
  const slot = memory.slotOf(URL, WHOLE, NONE);
  assert.deepEqual(slot, { primary: URL, base: URL, key: URL });
  assert.equal(memory.find(slot.key), undefined);
  const answer = storedAnswer();
  assert.equal(memory.keep(slot.key, answer), true);
  assert.equal(memory.find(slot.key), answer);
  assert.equal(memory.entries, 1);
  memory.drop(slot.key);
  assert.equal(memory.find(slot.key), undefined);
  assert.equal(memory.sizeBytes, 0);
});

test('what the route tells apart has places of its own', () => {
  const memory = new CacheMemory(10_000);
  const rules: KeyRules = { query: 'all', headers: ['accept-language'] };
  const english = memory.slotOf(URL, rules, ENGLISH);
  const french = memory.slotOf(URL, rules, FRENCH);
  assert.notEqual(english.base, french.base);
  assert.equal(english.primary, french.primary);
  assert.notEqual(english.base, memory.slotOf(URL, WHOLE, ENGLISH).base);
});

test('a signpost leads each request to the variant it wants', () => {
  const memory = new CacheMemory(100_000);
  const before = memory.slotOf(URL, WHOLE, ENGLISH);
  const key = memory.place(before, ['accept-language'], ENGLISH);
  memory.keep(key, storedAnswer());
  assert.deepEqual(memory.varyOf(before.base), ['accept-language']);
  assert.equal(memory.slotOf(URL, WHOLE, ENGLISH).key, key);
  assert.notEqual(memory.slotOf(URL, WHOLE, FRENCH).key, key);
  assert.ok(memory.find(memory.slotOf(URL, WHOLE, ENGLISH).key));
  assert.equal(memory.find(memory.slotOf(URL, WHOLE, FRENCH).key), undefined);
  assert.equal(memory.find(before.base), undefined, 'a signpost is no answer');
});

test('fields a URL has varied by once go on telling its answers apart', () => {
  const memory = new CacheMemory(100_000);
  const fields = fieldsOf('Accept-Language: en', 'X-A: 1');
  const slot = memory.slotOf(URL, WHOLE, fields);
  memory.place(slot, ['x-a'], fields);
  const key = memory.place(slot, ['accept-language'], fields);
  assert.deepEqual(memory.varyOf(URL), ['accept-language', 'x-a']);
  assert.equal(memory.place(slot, [], fields), key, 'also for answers that do not vary');
  assert.equal(memory.slotOf(URL, WHOLE, fields).key, key);
});

test('an origin that varies by ever more fields gets those it named last', () => {
  const memory = new CacheMemory(100_000);
  const slot = memory.slotOf(URL, WHOLE, NONE);
  for (let i = 0; i < 30; i++) memory.place(slot, [`x-${i}`], NONE);
  const names = memory.varyOf(URL) ?? [];
  assert.ok(names.length <= 24);
  assert.ok(names.includes('x-29'));
});

test('a purge is for what was made before it, and for nothing else', () => {
  const memory = new CacheMemory(100_000);
  const tagged = (mark: number) => storedAnswer({ terms: terms({ tags: ['t'] }), mark });
  memory.keep('a', tagged(0));
  memory.keep('b', storedAnswer());
  memory.purge({ kind: 'tag', tag: 't' });
  assert.equal(memory.find('a'), undefined);
  assert.ok(memory.find('b'));
  assert.equal(memory.entries, 1, 'what was purged takes no more room once it was looked for');

  assert.equal(memory.keep('a', tagged(0)), false, 'the work on it began before the purge');
  assert.equal(memory.find('a'), undefined);
  assert.equal(memory.keep('a', tagged(memory.purges.mark)), true);
  assert.ok(memory.find('a'));
});

test('a purge by URL or by its beginning reaches all variants', () => {
  for (const purge of [
    { kind: 'key', key: URL },
    { kind: 'prefix', prefix: 'http://a/' },
  ] as const) {
    const memory = new CacheMemory(100_000);
    const slot = memory.slotOf(URL, WHOLE, ENGLISH);
    for (const fields of [ENGLISH, FRENCH]) {
      memory.keep(memory.place(slot, ['accept-language'], fields), storedAnswer());
    }
    memory.keep('http://b/', storedAnswer({ primary: 'http://b/' }));
    memory.purge(purge);
    for (const fields of [ENGLISH, FRENCH]) {
      assert.equal(memory.find(memory.slotOf(URL, WHOLE, fields).key), undefined);
    }
    assert.ok(memory.find('http://b/'));
  }
});

test('a purge of everything gives all memory back at once', () => {
  const memory = new CacheMemory(100_000);
  memory.keep('a', storedAnswer());
  memory.place(memory.slotOf(URL, WHOLE, NONE), ['x-a'], NONE);
  memory.purge({ kind: 'all' });
  assert.equal(memory.entries, 0);
  assert.equal(memory.sizeBytes, 0);
});

test('what was checked against a purge is not held against a later look', () => {
  const memory = new CacheMemory(100_000);
  memory.keep('a', storedAnswer());
  memory.purge({ kind: 'key', key: 'another' });
  const found = memory.find('a');
  assert.equal(found?.mark, memory.purges.mark);
  assert.equal(memory.find('a'), found);
});

/** What memory such an answer takes under a key of one character. */
function roomFor(answer: ReturnType<typeof storedAnswer>): number {
  const memory = new CacheMemory(1_000_000);
  memory.keep('a', answer);
  return memory.sizeBytes;
}

test('memory is bounded by bytes: what was not used for longest goes first', () => {
  const memory = new CacheMemory(3 * roomFor(bytes(3_000)) + 10);
  for (const key of ['a', 'b', 'c']) memory.keep(key, bytes(3_000));
  memory.find('a');
  memory.keep('d', bytes(3_000));
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => memory.find(key) !== undefined),
    [true, false, true, true],
  );
  assert.ok(memory.sizeBytes <= memory.maxSizeBytes);
});

test('what is larger than the memory is not kept, and leaves what is there alone', () => {
  const memory = new CacheMemory(10_000);
  memory.keep('a', bytes(100));
  assert.equal(memory.keep('b', bytes(20_000)), false);
  assert.ok(memory.find('a'));
  assert.equal(memory.find('b'), undefined);
});

test('an answer takes at least the room of its key, its fields and its bytes', () => {
  const lines = `x-a: ${'a'.repeat(995)}\r\n` as FieldLines;
  const small = roomFor(bytes(0));
  assert.ok(roomFor(bytes(5_000)) >= small + 5_000);
  assert.ok(roomFor(storedAnswer({ terms: terms({ lines }), lines })) >= small + 1_000);
  const memory = new CacheMemory(1_000_000);
  memory.keep('a'.repeat(1_001), bytes(0));
  assert.equal(memory.sizeBytes, small + 1_000);
});
