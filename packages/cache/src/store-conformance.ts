// The tests every store must pass to be a tier of the cache; a new store calls this from its own
// test file.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from './store.ts';

/** Settings of {@link storeConformance}. */
export interface ConformanceOptions {
  /** Lets time pass for the store. Default: real waiting. */
  readonly passMs?: (durationMs: number) => Promise<unknown>;
  /** Why the tests cannot run here; shown with each of them. */
  readonly skip?: string | false;
}

const LONG_MS = 60_000;

const VALUES = [
  null,
  false,
  0,
  -1.5e300,
  '',
  'grüße 🦔\u0000\r\n',
  [],
  [1, [null, 'two']],
  {},
  { id: 7, tags: ['a', 'b'], nested: { deep: { er: null } } },
  'x'.repeat(256 * 1024),
];

const KEYS = [
  'plain',
  'with space',
  'line\r\nbreak',
  'a:b',
  'a*',
  '[a-z]?',
  'schlüssel',
  '__proto__',
];

/**
 * Registers the contract of {@link Store} as `node:test` tests. Keys are random, so a store that
 * outlives the run (a Redis) may be used.
 * @param name names the store in the tests' titles
 * @param createStore makes one store per test, empty or not; the test closes it
 */
export function storeConformance(
  name: string,
  createStore: () => Store | Promise<Store>,
  { passMs = sleep, skip = false }: ConformanceOptions = {},
): void {
  function behaves(title: string, check: (store: Store, key: string) => Promise<void>) {
    test(`${name}: ${title}`, { skip }, async (t: TestContext) => {
      const store = await createStore();
      t.after(() => store.close());
      await check(store, randomUUID());
    });
  }

  behaves('a key never set is not found', async (store, key) => {
    assert.equal(await store.get(key), undefined);
  });

  behaves('every kind of JSON value comes back as it was', async (store, key) => {
    for (const value of VALUES) {
      await store.set(key, { value, ttlMs: LONG_MS });
      assert.deepEqual((await store.get(key))?.value, value);
    }
  });

  behaves('an entry comes back with the life it has left', async (store, key) => {
    await store.set(key, { value: 1, ttlMs: LONG_MS });
    await passMs(20);
    const { ttlMs } = (await store.get(key)) ?? { ttlMs: Number.NaN };
    assert.ok(ttlMs > 0 && ttlMs < LONG_MS, `${ttlMs} ms left`);
  });

  behaves('an entry is gone when its life is over', async (store, key) => {
    await store.set(key, { value: 1, ttlMs: 30 });
    await store.set(`${key}-short`, { value: 1, ttlMs: 0.4 });
    await passMs(60);
    assert.equal(await store.get(key), undefined);
    assert.equal(await store.get(`${key}-short`), undefined);
  });

  behaves('a second set replaces the value and the life', async (store, key) => {
    await store.set(key, { value: 'old', ttlMs: 30 });
    await store.set(key, { value: 'new', ttlMs: LONG_MS });
    await passMs(60);
    assert.equal((await store.get(key))?.value, 'new');
    await store.set(key, { value: 'newest', ttlMs: 30 });
    await passMs(60);
    assert.equal(await store.get(key), undefined);
  });

  behaves('any text is a key of its own', async (store, key) => {
    const keys = KEYS.map((suffix) => key + suffix);
    for (const each of keys) await store.set(each, { value: each, ttlMs: LONG_MS });
    for (const each of keys) assert.equal((await store.get(each))?.value, each);
  });

  behaves('a deleted key is not found, its neighbours are', async (store, key) => {
    await store.set(key, { value: 1, ttlMs: LONG_MS });
    await store.set(`${key}-2`, { value: 2, ttlMs: LONG_MS });
    await store.delete(key);
    assert.equal(await store.get(key), undefined);
    assert.equal((await store.get(`${key}-2`))?.value, 2);
  });

  behaves('deleting what is not there succeeds', async (store, key) => {
    await store.delete(key);
  });

  behaves('calls on one key take effect in order, awaited or not', async (store, key) => {
    const [, first, , second, , third] = await Promise.all([
      store.set(key, { value: 1, ttlMs: LONG_MS }),
      store.get(key),
      store.set(key, { value: 2, ttlMs: LONG_MS }),
      store.get(key),
      store.delete(key),
      store.get(key),
    ]);
    assert.deepEqual([first?.value, second?.value, third], [1, 2, undefined]);
  });

  behaves('after close nothing is found or kept, and closing again is fine', async (store, key) => {
    await store.set(key, { value: 1, ttlMs: LONG_MS });
    await store.close();
    assert.equal(await store.get(key), undefined);
    await store.set(key, { value: 2, ttlMs: LONG_MS });
    await store.delete(key);
    assert.equal(await store.get(key), undefined);
    await store.close();
  });
}
