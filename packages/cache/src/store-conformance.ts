// The tests every store must pass to be a tier of the cache; a new store calls this from its own
// test file.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Purge } from './purge-index.ts';
import type { Entry, Store } from './store.ts';

/** Settings of {@link storeConformance}. */
export interface ConformanceOptions {
  /** Lets time pass for the store. Default: real waiting. */
  readonly passMs?: (durationMs: number) => Promise<unknown>;
  /** Why the tests cannot run here; shown with each of them. */
  readonly skip?: string | false;
  /** Makes values of the kind the store's codec carries; default: JSON. Called with 0, 1, 2… */
  readonly makeValue?: (seed: number) => unknown;
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

/** Any text is a key, and any text is a tag. */
const NAMES = [
  'plain',
  'with space',
  'line\r\nbreak',
  'a:b',
  'a*',
  '[a-z]?',
  '{slot}',
  'schlüssel 🦔',
  '__proto__',
];

/** A store in the hands of a test, with what nearly all of them say about it. */
class Subject {
  readonly store: Store;
  /** Random, so that a store that outlives the run may be used. */
  readonly key = randomUUID();
  readonly passMs: (durationMs: number) => Promise<unknown>;
  readonly #makeValue: (seed: number) => unknown;

  constructor(store: Store, { passMs = sleep, makeValue = (seed) => seed }: ConformanceOptions) {
    this.store = store;
    this.passMs = passMs;
    this.#makeValue = makeValue;
  }

  entry(seed: number, ttlMs = LONG_MS, tags: readonly string[] = []): Entry {
    return { value: this.#makeValue(seed), ttlMs, tags };
  }

  keep(key: string, entry: Entry, mark = this.store.mark()): Promise<void> {
    return this.store.set(key, entry, mark);
  }

  async holds(key: string, seed: number): Promise<void> {
    assert.deepEqual((await this.store.get(key))?.value, this.#makeValue(seed), `under "${key}"`);
  }

  async lacks(key: string): Promise<void> {
    assert.equal(await this.store.get(key), undefined, `under "${key}"`);
  }

  /** For entries of `key` that carry `tag`. */
  purges(tag: string): readonly Purge[] {
    return [
      { kind: 'key', key: this.key },
      { kind: 'tag', tag },
      { kind: 'prefix', prefix: this.key.slice(0, -1) },
      { kind: 'all' },
    ];
  }
}

/**
 * Registers the contract of {@link Store} as `node:test` tests. Some of them purge everything: give
 * the store a prefix, or a server, of its own.
 * @param name names the store in the tests' titles
 * @param createStore makes one store per test, empty or not; the test closes it
 */
export function storeConformance(
  name: string,
  createStore: () => Store | Promise<Store>,
  options: ConformanceOptions = {},
): void {
  const { skip = false, makeValue } = options;

  function behaves(title: string, check: (subject: Subject) => Promise<void>) {
    test(`${name}: ${title}`, { skip }, async (t: TestContext) => {
      const store = await createStore();
      t.after(() => store.close());
      await check(new Subject(store, options));
    });
  }

  behaves('a key never set is not found', async (subject) => {
    await subject.lacks(subject.key);
  });

  behaves('every kind of value comes back as it was', async ({ store, key }) => {
    const values = makeValue === undefined ? VALUES : VALUES.map((_, seed) => makeValue(seed));
    for (const value of values) {
      await store.set(key, { value, ttlMs: LONG_MS, tags: [] }, store.mark());
      assert.deepEqual((await store.get(key))?.value, value);
    }
  });

  behaves('tags come back as they were', async (subject) => {
    await subject.keep(subject.key, subject.entry(1, LONG_MS, NAMES));
    assert.deepEqual((await subject.store.get(subject.key))?.tags, NAMES);
  });

  behaves('an entry comes back with the life it has left', async (subject) => {
    await subject.keep(subject.key, subject.entry(1));
    await subject.passMs(20);
    const { ttlMs } = (await subject.store.get(subject.key)) ?? { ttlMs: Number.NaN };
    assert.ok(ttlMs > 0 && ttlMs < LONG_MS, `${ttlMs} ms left`);
  });

  behaves('an entry is gone when its life is over', async (subject) => {
    const { key } = subject;
    await subject.keep(key, subject.entry(1, 30));
    await subject.keep(`${key}-short`, subject.entry(1, 0.4));
    await subject.passMs(60);
    await subject.lacks(key);
    await subject.lacks(`${key}-short`);
  });

  behaves('a second set replaces the value, the life and the tags', async (subject) => {
    const { key, store } = subject;
    await subject.keep(key, subject.entry(1, 30, ['old']));
    await subject.keep(key, subject.entry(2, LONG_MS, ['new']));
    await subject.passMs(60);
    await subject.holds(key, 2);
    await store.purge({ kind: 'tag', tag: 'old' });
    await subject.holds(key, 2);
    await subject.keep(key, subject.entry(3, 30));
    await subject.passMs(60);
    await subject.lacks(key);
  });

  behaves('any text is a key of its own', async (subject) => {
    const keys = NAMES.map((suffix) => subject.key + suffix);
    for (const [seed, key] of keys.entries()) await subject.keep(key, subject.entry(seed));
    for (const [seed, key] of keys.entries()) await subject.holds(key, seed);
  });

  behaves('getMany answers in the order of its keys, holes and repeats too', async (subject) => {
    const { key, store } = subject;
    for (const seed of [1, 2]) {
      await subject.keep(`${key}-${seed}`, subject.entry(seed, LONG_MS, [`t${seed}`]));
    }
    const found = await store.getMany([2, 0, 1, 2].map((seed) => `${key}-${seed}`));
    assert.deepEqual(
      found.map((entry) => entry?.value),
      [2, undefined, 1, 2].map((seed) => seed && subject.entry(seed).value),
    );
    assert.deepEqual(
      found.map((entry) => entry?.tags),
      [['t2'], undefined, ['t1'], ['t2']],
    );
    assert.ok(found.every((entry) => entry === undefined || entry.ttlMs > 0));
    assert.deepEqual(await store.getMany([]), []);
  });

  behaves('what is purged by key is not found, its neighbours are', async (subject) => {
    const { key, store } = subject;
    await subject.keep(key, subject.entry(1));
    await subject.keep(`${key}-2`, subject.entry(2));
    assert.equal(await store.purge({ kind: 'key', key }), 'done');
    await subject.lacks(key);
    await subject.holds(`${key}-2`, 2);
    assert.deepEqual((await store.getMany([key]))[0], undefined);
  });

  behaves('what carries a purged tag is not found, all else is', async (subject) => {
    const { key, store } = subject;
    for (const tag of NAMES) {
      await subject.keep(`${key}-1`, subject.entry(1, LONG_MS, ['other', tag]));
      await subject.keep(`${key}-2`, subject.entry(2, LONG_MS, ['other']));
      await subject.keep(`${key}-3`, subject.entry(3));
      assert.equal(await store.purge({ kind: 'tag', tag }), 'done');
      await subject.lacks(`${key}-1`);
      await subject.holds(`${key}-2`, 2);
      await subject.holds(`${key}-3`, 3);
    }
  });

  behaves('what begins with a purged prefix is not found, all else is', async (subject) => {
    const { key, store } = subject;
    for (const prefix of NAMES) {
      await subject.keep(key + prefix, subject.entry(1));
      await subject.keep(`${key}${prefix}/more`, subject.entry(2));
      await subject.keep(key, subject.entry(3));
      await store.purge({ kind: 'prefix', prefix: key + prefix });
      await subject.lacks(key + prefix);
      await subject.lacks(`${key}${prefix}/more`);
      await subject.holds(key, 3);
    }
  });

  behaves('after a purge of everything nothing is found', async (subject) => {
    const keys = ['a', 'b', 'c'].map((suffix) => subject.key + suffix);
    for (const key of keys) await subject.keep(key, subject.entry(1, LONG_MS, ['t']));
    await subject.store.purge({ kind: 'all' });
    for (const key of keys) await subject.lacks(key);
  });

  behaves('purging what is not there succeeds', async (subject) => {
    for (const purge of subject.purges('t')) await subject.store.purge(purge);
  });

  behaves('what work that began before a purge makes is not found', async (subject) => {
    for (const purge of subject.purges('t')) {
      const mark = subject.store.mark();
      await subject.store.purge(purge);
      await subject.keep(subject.key, subject.entry(1, LONG_MS, ['t']), mark);
      await subject.lacks(subject.key);
    }
  });

  behaves('what work that began after a purge makes is found', async (subject) => {
    for (const [seed, purge] of subject.purges('t').entries()) {
      await subject.store.purge(purge);
      await subject.keep(subject.key, subject.entry(seed, LONG_MS, ['t']));
      await subject.holds(subject.key, seed);
      await subject.holds(subject.key, seed);
    }
  });

  behaves('calls on one key take effect in order, awaited or not', async (subject) => {
    const { key, store } = subject;
    for (const purge of subject.purges('t')) {
      const [, first, , second, , third] = await Promise.all([
        subject.keep(key, subject.entry(1, LONG_MS, ['t'])),
        store.get(key),
        subject.keep(key, subject.entry(2, LONG_MS, ['t'])),
        store.get(key),
        store.purge(purge),
        store.get(key),
      ]);
      const values = [first, second, third].map((entry) => entry?.value);
      assert.deepEqual(values, [subject.entry(1).value, subject.entry(2).value, undefined]);
    }
  });

  behaves('a set right after a purge, not awaited, is found', async (subject) => {
    for (const [seed, purge] of subject.purges('t').entries()) {
      await Promise.all([
        subject.store.purge(purge),
        subject.keep(subject.key, subject.entry(seed, LONG_MS, ['t'])),
      ]);
      await subject.holds(subject.key, seed);
    }
  });

  behaves('after close nothing is found or kept, and closing again is fine', async (subject) => {
    const { key, store } = subject;
    await subject.keep(key, subject.entry(1));
    await store.close();
    await subject.lacks(key);
    await subject.keep(key, subject.entry(2));
    await subject.lacks(key);
    assert.deepEqual(await store.getMany([key]), [undefined]);
    await store.close();
  });
}
