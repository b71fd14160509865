import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import type { Entry } from './store.ts';
import { storeConformance } from './testing.ts';

const clock = { nowMs: 1_000 };
const now = () => clock.nowMs;

const entryOf = (value: unknown, ttlMs = 10, tags: readonly string[] = []): Entry => ({
  value,
  ttlMs,
  tags,
});

const keep = (store: MemoryStore, key: string, entry: Entry) =>
  store.keep(key, entry, store.mark());

storeConformance('memory', () => createMemoryStore({ maxSizeBytes: 1e6, now }), {
  passMs: async (durationMs) => {
    clock.nowMs += durationMs;
  },
});

storeConformance('memory on the real clock', () => createMemoryStore({ maxSizeBytes: 1e6 }));

test('a hit is the very object that was set, peeked at or got', async () => {
  const store = createMemoryStore({ maxSizeBytes: 1e6, now });
  const value = { id: 1 };
  keep(store, 'a', entryOf(value));
  assert.equal(store.peek('a')?.value, value);
  assert.equal((await store.get('a'))?.value, value);
  assert.equal((await store.getMany(['a']))[0]?.value, value);
});

test('an entry lives exactly its time', () => {
  const store = createMemoryStore({ maxSizeBytes: 1e6, now });
  keep(store, 'a', entryOf(1));
  clock.nowMs += 9;
  assert.deepEqual(store.peek('a'), entryOf(1, 1));
  clock.nowMs += 1;
  assert.equal(store.peek('a'), undefined);
});

/** Room for three entries of the size that `sizeOf` says. */
const roomForThree = () =>
  createMemoryStore({ maxSizeBytes: 3 * (256 + 2 + 8) + 10, now, sizeOf: () => 8 });

test('the least recently used entry leaves first', () => {
  const store = roomForThree();
  for (const key of ['a', 'b', 'c']) keep(store, key, entryOf(key));
  store.peek('a');
  keep(store, 'd', entryOf('d'));
  const found = ['a', 'b', 'c', 'd'].map((key) => store.peek(key)?.value);
  assert.deepEqual(found, ['a', undefined, 'c', 'd']);
});

test('an entry found dead or purged makes room at once', async () => {
  for (const purge of [undefined, { kind: 'tag', tag: 't' }] as const) {
    const store = roomForThree();
    keep(store, 'b', entryOf('b'));
    keep(store, 'c', entryOf('c'));
    keep(store, 'a', entryOf('a', 1, ['t']));
    if (purge === undefined) clock.nowMs += 1;
    else await store.purge(purge);
    assert.equal(store.entryCount, 3);
    store.peek('a');
    assert.equal(store.entryCount, 2);
    keep(store, 'd', entryOf('d'));
    for (const key of ['b', 'c', 'd']) assert.equal(store.peek(key)?.value, key);
  }
});

test('purges by key and of everything make room when they come', async () => {
  const store = createMemoryStore({ maxSizeBytes: 1e6, now });
  for (const key of ['a', 'b', 'c']) keep(store, key, entryOf(key));
  await store.purge({ kind: 'key', key: 'b' });
  assert.equal(store.entryCount, 2);
  await store.purge({ kind: 'all' });
  assert.deepEqual([store.entryCount, store.sizeBytes], [0, 0]);
});

test('an entry that purges for others have passed by stays, however many come', async () => {
  const store = createMemoryStore({ maxSizeBytes: 1e6, now });
  keep(store, 'a', entryOf(1, 10, ['mine']));
  // More than the index remembers: what was checked meanwhile is not lost with the oldest.
  for (let i = 0; i < 2_500; i++) {
    await store.purge({ kind: 'prefix', prefix: `other-${i}` });
    if (i % 500 === 0) assert.equal(store.peek('a')?.value, 1);
  }
  assert.equal(store.peek('a')?.value, 1);
  await store.purge({ kind: 'tag', tag: 'mine' });
  assert.equal(store.peek('a'), undefined);
});

test('what is dead on arrival leaves alone what came in its place', async () => {
  const store = createMemoryStore({ maxSizeBytes: 1e6, now });
  const mark = store.mark();
  await store.purge({ kind: 'tag', tag: 't' });
  keep(store, 'a', entryOf('new', 10, ['t']));
  store.keep('a', entryOf('old', 10, ['t']), mark);
  assert.equal(store.peek('a')?.value, 'new');
});

test('a value that cannot fit is not kept, and what it replaces is gone', () => {
  const store = createMemoryStore({ maxSizeBytes: 1_000, now });
  keep(store, 'other', entryOf(1));
  keep(store, 'a', entryOf('small'));
  keep(store, 'a', entryOf('x'.repeat(500)));
  assert.equal(store.peek('a'), undefined);
  assert.equal(store.peek('other')?.value, 1);
});

test('bytes count as bytes, text and JSON by their characters, keys and tags too', () => {
  const sizeOf = (key: string, entry: Entry) => {
    const store = createMemoryStore({ maxSizeBytes: 1e6, now });
    keep(store, key, entry);
    return store.sizeBytes;
  };
  const empty = sizeOf('', entryOf(''));
  assert.ok(empty > 0, 'an empty entry takes room as well');
  assert.equal(sizeOf('', entryOf(new Uint8Array(1_000))), empty + 1_000);
  assert.equal(sizeOf('', entryOf('x'.repeat(1_000))), empty + 2_000);
  assert.equal(sizeOf('', entryOf([1, 2])), empty + 2 * '[1,2]'.length);
  assert.equal(sizeOf('key', entryOf('', 10, ['a', 'tag'])), empty + 2 * 7);
});

test('a value that is not JSON is refused', async () => {
  const store = createMemoryStore({ maxSizeBytes: 1_000, now });
  await assert.rejects(store.set('a', entryOf(1n), store.mark()), TypeError);
});

test('whatever is set, the store keeps within its bytes and keeps the newest that fits', () => {
  const write = fc.record({ key: fc.nat(20).map(String), sizeBytes: fc.nat(2_000) });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
      const store = createMemoryStore({ maxSizeBytes: 2_000, now, sizeOf: Number });
      for (const { key, sizeBytes } of writes) {
        keep(store, key, entryOf(sizeBytes));
        const fits = 256 + key.length * 2 + sizeBytes <= 2_000;
        assert.equal(store.peek(key)?.value, fits ? sizeBytes : undefined);
        assert.ok(store.sizeBytes <= 2_000, `${store.sizeBytes} bytes kept`);
      }
    }),
  );
});
