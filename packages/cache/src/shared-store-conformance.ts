// The tests a store must also pass for processes to share it; see `store-conformance.ts`.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Purge } from './purge-index.ts';
import type { Entry, Lock, SharedStore } from './store.ts';
import type { ConformanceOptions } from './store-conformance.ts';

const LONG_MS = 60_000;
/** How long one process may take to hear of what another did, on a busy machine. */
const HEAR_WITHIN_MS = 10_000;

/**
 * Registers the contract of {@link SharedStore} as `node:test` tests, beside `storeConformance`.
 * @param createTwo makes, for each test, the views that two processes have of one store; both see
 *   each other's purges when it resolves. The test closes them
 */
export function sharedStoreConformance(
  name: string,
  createTwo: () => Promise<readonly [SharedStore, SharedStore]>,
  { passMs = sleep, skip = false, makeValue = (seed) => seed }: ConformanceOptions = {},
): void {
  const entry = (seed: number, tags: readonly string[] = []): Entry => ({
    value: makeValue(seed),
    ttlMs: LONG_MS,
    tags,
  });

  function behaves(
    title: string,
    check: (ours: SharedStore, theirs: SharedStore, key: string) => Promise<void>,
  ) {
    test(`${name}: ${title}`, { skip }, async (t: TestContext) => {
      const [ours, theirs] = await createTwo();
      t.after(() => Promise.all([ours.close(), theirs.close()]));
      await check(ours, theirs, randomUUID());
    });
  }

  behaves('what one process keeps the other finds, with its tags', async (ours, theirs, key) => {
    await ours.set(key, entry(1, ['t']), ours.mark());
    const found = await theirs.get(key);
    assert.deepEqual(found?.value, makeValue(1));
    assert.deepEqual(found?.tags, ['t']);
  });

  for (const purgeOf of PURGES) {
    const kind = purgeOf('').kind;

    behaves(`a purge by ${kind} reaches the other process`, async (ours, theirs, key) => {
      const heard: Purge[] = [];
      theirs.onPurge((purge) => heard.push(purge));
      await ours.set(key, entry(1, [`${key}-tag`]), ours.mark());
      assert.notEqual(await theirs.get(key), undefined);
      await ours.purge(purgeOf(key));
      await until(() => heard.length > 0);
      assert.deepEqual(heard, [purgeOf(key)]);
      assert.equal(await theirs.get(key), undefined);
    });

    behaves(`what the other began before a purge by ${kind} is not found`, async (a, b, key) => {
      const heard: Purge[] = [];
      b.onPurge((purge) => heard.push(purge));
      const mark = b.mark();
      await a.purge(purgeOf(key));
      await b.set(key, entry(1, [`${key}-tag`]), mark);
      assert.equal(await a.get(key), undefined);
      await until(() => heard.length > 0);
      assert.equal(await b.get(key), undefined);
    });
  }

  behaves('purges are told in their order, and not to who made them', async (ours, theirs, key) => {
    const heard: Purge[] = [];
    const own: Purge[] = [];
    theirs.onPurge((purge) => heard.push(purge));
    ours.onPurge((purge) => own.push(purge));
    const made = Array.from({ length: 50 }, (_, i): Purge => ({ kind: 'tag', tag: `${key}-${i}` }));
    for (const purge of made) await ours.purge(purge);
    await until(() => heard.length >= made.length);
    assert.deepEqual(heard, made);
    assert.deepEqual(own, []);
  });

  behaves('who stopped listening is not told', async (ours, theirs, key) => {
    let stopped = 0;
    let heard = 0;
    const stop = theirs.onPurge(() => {
      stopped += 1;
    });
    theirs.onPurge(() => {
      heard += 1;
    });
    stop();
    await ours.purge({ kind: 'key', key });
    await until(() => heard > 0);
    assert.equal(stopped, 0);
  });

  behaves('a lock is given to one process at a time', async (ours, theirs, key) => {
    const lock = await taken(ours, key);
    assert.equal(await theirs.lock(key, LONG_MS), 'taken');
    assert.equal(await ours.lock(key, LONG_MS), 'taken');
    await (await taken(theirs, `${key}-2`)).release();
    await lock.release();
    await (await taken(theirs, key)).release();
  });

  behaves('a lock whose holder died ends by itself', async (ours, theirs, key) => {
    const lost = await taken(ours, key, 30);
    await passMs(60);
    const lock = await taken(theirs, key);
    assert.equal(await lost.extend(), false);
    await lost.release();
    assert.equal(await ours.lock(key, LONG_MS), 'taken', 'who lost a lock cannot release it');
    await lock.release();
  });

  behaves('a lock that is extended goes on', async (ours, theirs, key) => {
    const leaseMs = 2_000;
    const lock = await taken(ours, key, leaseMs);
    for (let i = 0; i < 3; i++) {
      await passMs(leaseMs / 2);
      assert.equal(await lock.extend(), true);
    }
    assert.equal(await theirs.lock(key, LONG_MS), 'taken');
    await lock.release();
  });

  behaves('purges do not end a lock', async (ours, theirs, key) => {
    const lock = await taken(ours, key);
    for (const purgeOf of PURGES) await ours.purge(purgeOf(key));
    assert.equal(await theirs.lock(key, LONG_MS), 'taken');
    await lock.release();
  });

  behaves('a lock is no value', async (ours, theirs, key) => {
    const lock = await taken(ours, key);
    assert.equal(await theirs.get(key), undefined);
    await ours.set(key, entry(1), ours.mark());
    assert.deepEqual((await theirs.get(key))?.value, makeValue(1));
    await lock.release();
    assert.deepEqual((await theirs.get(key))?.value, makeValue(1));
  });

  behaves('a closed store gives no lock', async (ours, _theirs, key) => {
    await ours.close();
    assert.equal(await ours.lock(key, LONG_MS), undefined);
  });
}

const PURGES: readonly ((key: string) => Purge)[] = [
  (key) => ({ kind: 'key', key }),
  (key) => ({ kind: 'tag', tag: `${key}-tag` }),
  (key) => ({ kind: 'prefix', prefix: key.slice(0, -1) }),
  () => ({ kind: 'all' }),
];

async function taken(store: SharedStore, key: string, leaseMs = LONG_MS): Promise<Lock> {
  const lock = await store.lock(key, leaseMs);
  assert.ok(lock !== undefined && lock !== 'taken', `the lock was not given: ${String(lock)}`);
  return lock;
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + HEAR_WITHIN_MS;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, 'the other process was not told in time');
    await sleep(1);
  }
}
