import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryStore } from './memory-store.ts';
import { storeConformance } from './testing.ts';

const clock = { nowMs: 1_000 };
const now = () => clock.nowMs;

storeConformance('memory', () => createMemoryStore({ maxSizeBytes: 1e6, now }), {
  passMs: async (durationMs) => {
    clock.nowMs += durationMs;
  },
});

storeConformance('memory on the real clock', () => createMemoryStore({ maxSizeBytes: 1e6 }));

test('a hit is the very object that was set', async () => {
  const store = createMemoryStore({ maxSizeBytes: 1e6, now });
  const value = { id: 1 };
  await store.set('a', { value, ttlMs: 10 });
  assert.equal((await store.get('a'))?.value, value);
});

test('an entry lives exactly its time', async () => {
  const store = createMemoryStore({ maxSizeBytes: 1e6, now });
  await store.set('a', { value: 1, ttlMs: 10 });
  clock.nowMs += 9;
  assert.deepEqual(await store.get('a'), { value: 1, ttlMs: 1 });
  clock.nowMs += 1;
  assert.equal(await store.get('a'), undefined);
});

test('the least recently used entry leaves first', async () => {
  const store = createMemoryStore({ maxSizeBytes: 30, now, sizeOf: () => 8 });
  for (const key of ['a', 'b', 'c']) await store.set(key, { value: key, ttlMs: 10 });
  await store.get('a');
  await store.set('d', { value: 'd', ttlMs: 10 });
  const found = await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.get(key)));
  assert.deepEqual(
    found.map((entry) => entry?.value),
    ['a', undefined, 'c', 'd'],
  );
});

test('an entry found dead makes room at once', async () => {
  const store = createMemoryStore({ maxSizeBytes: 30, now, sizeOf: () => 8 });
  await store.set('b', { value: 'b', ttlMs: 10 });
  await store.set('c', { value: 'c', ttlMs: 10 });
  await store.set('a', { value: 'a', ttlMs: 1 });
  clock.nowMs += 1;
  await store.get('a');
  await store.set('d', { value: 'd', ttlMs: 10 });
  for (const key of ['b', 'c', 'd']) assert.equal((await store.get(key))?.value, key);
});

test('a value that cannot fit is not kept, and what it replaces is gone', async () => {
  const store = createMemoryStore({ maxSizeBytes: 100, now });
  await store.set('other', { value: 1, ttlMs: 10 });
  await store.set('a', { value: 'small', ttlMs: 10 });
  await store.set('a', { value: 'x'.repeat(100), ttlMs: 10 });
  assert.equal(await store.get('a'), undefined);
  assert.equal((await store.get('other'))?.value, 1);
});

test('a value that is not JSON is refused', async () => {
  const store = createMemoryStore({ maxSizeBytes: 100, now });
  await assert.rejects(store.set('a', { value: 1n, ttlMs: 10 }), TypeError);
});

test('whatever is set, the store keeps within its bytes and keeps the newest that fits', async () => {
  const write = fc.record({ key: fc.nat(20).map(String), sizeBytes: fc.nat(120) });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 60 }), async (writes) => {
      const store = createMemoryStore({ maxSizeBytes: 100, now, sizeOf: Number });
      for (const { key, sizeBytes } of writes) {
        await store.set(key, { value: sizeBytes, ttlMs: 10 });
        const fits = key.length * 2 + sizeBytes <= 100;
        assert.equal((await store.get(key))?.value, fits ? sizeBytes : undefined);
      }
      let totalBytes = 0;
      for (let key = 0; key <= 20; key++) {
        const entry = await store.get(String(key));
        if (entry) totalBytes += String(key).length * 2 + Number(entry.value);
      }
      assert.ok(totalBytes <= 100, `${totalBytes} bytes kept`);
    }),
  );
});
