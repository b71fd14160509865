import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cache, createCache } from './cache.ts';
import { createMemoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

interface Kept {
  readonly value: number;
  readonly expiresAtMs: number;
}

/** What a cache must look like from outside: a map whose entries end. */
class Model {
  nowMs = 0;
  readonly #kept = new Map<string, Kept>();

  get(key: string): number | undefined {
    const found = this.#kept.get(key);
    return found !== undefined && found.expiresAtMs > this.nowMs ? found.value : undefined;
  }

  set(key: string, value: number, ttlMs: number) {
    this.#kept.set(key, { value, expiresAtMs: this.nowMs + ttlMs });
  }

  delete(key: string) {
    this.#kept.delete(key);
  }
}

const key = fc.constantFrom('a', 'b', 'c');
const ttlMs = fc.integer({ min: 1, max: 50 });
const value = fc.nat(1_000);

const step = fc.oneof(
  fc.record({ kind: fc.constant('get'), key }),
  fc.record({ kind: fc.constant('set'), key, value, ttlMs }),
  fc.record({ kind: fc.constant('getOrSet'), key, value, ttlMs }),
  fc.record({ kind: fc.constant('failed load'), key }),
  fc.record({ kind: fc.constant('delete'), key }),
  fc.record({ kind: fc.constant('evict near'), key }),
  fc.record({ kind: fc.constant('pass time'), durationMs: ttlMs }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function take(step: Step, cache: Cache, near: Store, model: Model): Promise<void> {
  if ('durationMs' in step) {
    model.nowMs += step.durationMs;
  } else if ('value' in step) {
    const { key, value, ttlMs } = step;
    if (step.kind === 'set') {
      await cache.set(key, value, { ttlMs });
      model.set(key, value, ttlMs);
      return;
    }
    const expected = model.get(key);
    if (expected === undefined) model.set(key, value, ttlMs);
    assert.equal(await cache.getOrSet(key, async () => value, { ttlMs }), expected ?? value);
  } else if (step.kind === 'get') {
    assert.equal(await cache.get(step.key), model.get(step.key));
  } else if (step.kind === 'failed load') {
    const expected = model.get(step.key);
    const call = cache.getOrSet(step.key, () => Promise.reject(new Error('x')), { ttlMs: 1 });
    if (expected === undefined) await assert.rejects(call, /^Error: x$/);
    else assert.equal(await call, expected);
  } else if (step.kind === 'delete') {
    await cache.delete(step.key);
    model.delete(step.key);
  } else {
    await near.delete(step.key);
  }
}

test('from outside, tiers are one map whose entries end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const model = new Model();
      const now = () => model.nowMs;
      const near = createMemoryStore({ maxSizeBytes: 1e6, now });
      const far = { ...createMemoryStore({ maxSizeBytes: 1e6, now }), name: 'far' };
      const cache = createCache({ stores: [near, far], ttlJitter: 0, now });
      for (const step of steps) await take(step, cache, near, model);
    }),
    { numRuns: 300 },
  );
});

test('with a tier that fails at random, a call still gives a live value or loads one', async () => {
  const call = fc.record({ key, value, isBroken: fc.boolean(), durationMs: fc.nat(30) });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 60 }), async (calls) => {
      let nowMs = 0;
      let isBroken = false;
      const now = () => nowMs;
      const sound = createMemoryStore({ maxSizeBytes: 1e6, now });
      const orFail = async () => {
        if (isBroken) throw new Error('broken store');
      };
      const shaky: Store = {
        ...sound,
        get: (key) => orFail().then(() => sound.get(key)),
        set: (key, entry) => orFail().then(() => sound.set(key, entry)),
      };
      const cache = createCache({ stores: [shaky], ttlJitter: 0, now });
      const loadedAtMs = new Map<number, number>();
      for (const [index, { key, durationMs, ...call }] of calls.entries()) {
        isBroken = call.isBroken;
        nowMs += durationMs;
        const load = async () => {
          loadedAtMs.set(index, nowMs);
          return { key, index };
        };
        const answer = await cache.getOrSet(key, load, { ttlMs: 20 });
        assert.equal(answer.key, key);
        assert.ok(nowMs - (loadedAtMs.get(answer.index) ?? 0) < 20, 'a dead value was given');
      }
    }),
  );
});
