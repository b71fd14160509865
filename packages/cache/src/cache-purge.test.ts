// What is forgotten stays forgotten: in every tier, for work under way, and in every process.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache } from './cache.ts';
import { setUp, setUpTwo, tick, unused } from './cache-setup.test-support.ts';
import type { Purge } from './purge-index.ts';
import type { Store } from './store.ts';
import { createFailingStore } from './testing.ts';

const options = { ttlMs: 1_000, tags: ['t', 'other'] };

const PURGES: readonly Purge[] = [
  { kind: 'key', key: 'a/1' },
  { kind: 'tag', tag: 't' },
  { kind: 'prefix', prefix: 'a/' },
  { kind: 'all' },
];

test('a purge reaches what it is for, in every tier, and nothing else', async () => {
  for (const purge of PURGES) {
    const { cache, near, far } = setUp();
    await cache.set('a/1', 1, options);
    await cache.set('b/2', 2, { ttlMs: 1_000, tags: ['other'] });
    assert.equal(await cache.purge(purge), 'done');
    for (const store of [near, far]) assert.equal(await store.get('a/1'), undefined, purge.kind);
    assert.equal(await cache.get('a/1'), undefined);
    assert.equal(await cache.get('b/2'), purge.kind === 'all' ? undefined : 2);
  }
});

test('a purge by key and by tag have names of their own', async () => {
  const { cache } = setUp();
  await cache.set('a', 1, options);
  await cache.set('b', 2, options);
  await cache.delete('a');
  assert.deepEqual(await cache.getMany(['a', 'b']), [undefined, 2]);
  await cache.deleteTag('t');
  assert.equal(await cache.get('b'), undefined);
});

test('tags may depend on the value, or on the key of what is not there', async () => {
  const { cache } = setUp();
  const byValue = { ttlMs: 1_000, tags: (item: { id: number }) => [`item:${item.id}`] };
  await cache.getOrSet('a', async () => ({ id: 7 }), byValue);
  await cache.set('b', { id: 8 }, byValue);
  const byKey = { ttlMs: 9, absentTtlMs: 9, tags: (_: unknown, key: string) => [`item:${key}`] };
  await cache.getOrSet('c', async () => undefined, byKey);
  await cache.deleteTag('item:7');
  await cache.deleteTag('item:c');
  assert.deepEqual(await cache.getMany(['a', 'b']), [undefined, { id: 8 }]);
  assert.equal(await cache.getOrSet<unknown>('c', async () => 'there now', byKey), 'there now');
});

test('tags that cannot be told fail the load: what they would have purged must not stay', async () => {
  const { cache, near, far } = setUp();
  const tags = () => {
    throw new Error('no id');
  };
  await assert.rejects(
    cache.getOrSet('a', async () => 1, { ttlMs: 10, tags }),
    /no id/,
  );
  for (const store of [near, far]) assert.equal(await store.get('a'), undefined);
});

test('what a load under way makes is not kept when a purge for it has come', async () => {
  for (const purge of PURGES) {
    const { cache, near, far } = setUp();
    const load = Promise.withResolvers<string>();
    const call = cache.getOrSet('a/1', () => load.promise, options);
    await tick();
    await cache.purge(purge);
    load.resolve('old');
    assert.equal(await call, 'old', 'who asked before the purge may have it');
    await tick();
    for (const store of [near, far]) assert.equal(await store.get('a/1'), undefined, purge.kind);
  }
});

test('who asks after a purge never gets what a load from before it makes', async () => {
  for (const purge of PURGES) {
    for (const tags of [options.tags, () => options.tags]) {
      const { cache } = setUp();
      const terms = { ttlMs: 1_000, tags };
      const load = Promise.withResolvers<string>();
      const before = cache.getOrSet('a/1', () => load.promise, terms);
      await tick();
      await cache.purge(purge);
      const after = [1, 2].map(() => cache.getOrSet('a/1', async () => 'new', terms));
      await tick();
      load.resolve('old');
      assert.equal(await before, 'old');
      assert.deepEqual(await Promise.all(after), ['new', 'new'], purge.kind);
      assert.equal(await cache.get('a/1'), 'new');
      assert.equal(cache.stats().loads, 2);
    }
  }
});

test('who asks after a purge of its key does not wait for a load from before it', async () => {
  for (const purge of PURGES.filter(({ kind }) => kind !== 'tag')) {
    const { cache } = setUp();
    const load = Promise.withResolvers<string>();
    const before = cache.getOrSet('a/1', () => load.promise, options);
    await tick();
    await cache.purge(purge);
    assert.equal(await cache.getOrSet('a/1', async () => 'new', options), 'new', purge.kind);
    load.resolve('old');
    assert.equal(await before, 'old');
    assert.equal(await cache.get('a/1'), 'new');
  }
});

test('a purge for others does not part those who wait for one load', async () => {
  const { cache } = setUp();
  const load = Promise.withResolvers<string>();
  const before = cache.getOrSet('a', () => load.promise, options);
  await tick();
  await cache.deleteTag('stranger');
  await cache.delete('b');
  const after = cache.getOrSet('a', unused, options);
  load.resolve('A');
  assert.deepEqual(await Promise.all([before, after]), ['A', 'A']);
  assert.equal(await cache.get('a'), 'A');
});

test('a value found far away that a purge overtook does not come back nearer', async () => {
  for (const purge of PURGES) {
    const { near, far } = setUp();
    const gate = Promise.withResolvers<void>();
    const slow: Store = { ...far, get: (key) => far.get(key).finally(() => gate.promise) };
    const writer = createCache({ stores: [far] });
    const cache = createCache({ stores: [near, slow], storeTimeoutMs: 5_000 });
    await writer.set('a/1', 1, options);
    const finds = [cache.get('a/1'), cache.getOrSet('a/1', unused, options)];
    await tick();
    await cache.purge(purge);
    gate.resolve();
    assert.deepEqual(await Promise.all(finds), [1, 1]);
    assert.equal(near.peek('a/1'), undefined, purge.kind);
    assert.equal(await cache.get('a/1'), undefined);
  }
});

test('a value found far away that a set overtook does not come back nearer', async () => {
  const { near, far } = setUp();
  const gate = Promise.withResolvers<void>();
  const slow: Store = { ...far, get: (key) => far.get(key).finally(() => gate.promise) };
  const cache = createCache({ stores: [near, slow], storeTimeoutMs: 5_000 });
  await createCache({ stores: [far] }).set('a', 'old', options);
  const finds = [cache.get('a'), cache.getOrSet('a', unused, options)];
  await tick();
  await cache.set('a', 'new', options);
  gate.resolve();
  assert.deepEqual(await Promise.all(finds), ['old', 'old']);
  assert.equal(await cache.get('a'), 'new');
});

test('what one process purges the memory of the other forgets', async () => {
  for (const purge of PURGES) {
    const [ours, theirs] = setUpTwo();
    await ours.cache.set('a/1', 1, options);
    assert.equal(await theirs.cache.get('a/1'), 1);
    assert.equal(theirs.cache.peek('a/1'), 1);
    await ours.cache.purge(purge);
    assert.equal(theirs.cache.peek('a/1'), undefined, purge.kind);
    assert.equal(await theirs.cache.get('a/1'), undefined);
    assert.deepEqual(theirs.events, [{ kind: 'purged', purge, isOwn: false }]);
    assert.deepEqual(ours.events, [{ kind: 'purged', purge, isOwn: true }]);
    assert.deepEqual([ours.cache.stats().purges, theirs.cache.stats().purges], [1, 1]);
  }
});

test('what one process loads while the other purges is kept nowhere', async () => {
  for (const purge of PURGES) {
    const [ours, theirs] = setUpTwo();
    const load = Promise.withResolvers<string>();
    const call = theirs.cache.getOrSet('a/1', () => load.promise, options);
    await tick();
    await ours.cache.purge(purge);
    const after = theirs.cache.getOrSet('a/1', async () => 'new', options);
    load.resolve('old');
    assert.deepEqual(await Promise.all([call, after]), ['old', 'new']);
    assert.deepEqual(
      await Promise.all([ours.cache.get('a/1'), theirs.cache.get('a/1')]),
      ['new', 'new'],
      purge.kind,
    );
  }
});

test('a closed cache no longer hears of purges', async () => {
  const [ours, theirs] = setUpTwo();
  await theirs.cache.close();
  await ours.cache.purge({ kind: 'all' });
  assert.deepEqual(theirs.events, []);
});

test('the result of a purge is that of the tier it went worst in', async () => {
  const { near, far } = setUp();
  const queueing: Store = { ...far, name: 'queueing', purge: async () => 'queued' };
  const failing = createFailingStore(new Error('broken store'));
  const results = [];
  for (const stores of [[near], [near, queueing], [failing, queueing]]) {
    results.push(await createCache({ stores }).delete('a'));
  }
  assert.deepEqual(results, ['done', 'queued', 'failed']);
});
