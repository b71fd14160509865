import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCache } from './cache.ts';
import { type Setup, setUp, setUpTwo, tick } from './cache-setup.test-support.ts';
import { createMemoryStore } from './memory-store.ts';
import type { GetOrSetOptions } from './options.ts';
import type { Purge } from './purge-index.ts';
import type { Store } from './store.ts';

type Value = number | undefined;

interface Kept {
  readonly value: Value;
  readonly tags: readonly string[];
  readonly freshUntilMs: number;
  readonly goneAtMs: number;
}

/** What a call comes to: what the caller gets, or `failed`. */
type Answer = { readonly value: Value } | 'failed';

interface Terms {
  readonly ttlMs: number;
  readonly absentTtlMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly tags: readonly string[];
}

/** What a cache must look like from outside: a map whose entries age. */
class Model {
  nowMs = 0;
  readonly #kept = new Map<string, Kept>();

  /** While it is in there at all. */
  #find(key: string): Kept | undefined {
    const found = this.#kept.get(key);
    return found !== undefined && found.goneAtMs > this.nowMs ? found : undefined;
  }

  get(key: string): Value {
    const found = this.#find(key);
    return found !== undefined && found.freshUntilMs > this.nowMs ? found.value : undefined;
  }

  set(key: string, value: Value, terms: Terms) {
    const isAbsent = value === undefined;
    const freshUntilMs = this.nowMs + (isAbsent ? terms.absentTtlMs : terms.ttlMs);
    const staleMs = isAbsent ? 0 : Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs);
    const { tags } = terms;
    this.#kept.set(key, { value, tags, freshUntilMs, goneAtMs: freshUntilMs + staleMs });
  }

  /** @param load what the loader makes, or `failed` */
  getOrSet(key: string, load: Answer, terms: Terms): Answer {
    const found = this.#find(key);
    const staleForMs = found === undefined ? Infinity : this.nowMs - found.freshUntilMs;
    if (found !== undefined && staleForMs < 0) return found;
    if (load !== 'failed') this.set(key, load.value, terms);
    if (found !== undefined && staleForMs < terms.staleWhileRevalidateMs) return found;
    if (load !== 'failed') return load;
    return found !== undefined && staleForMs < terms.staleIfErrorMs ? found : 'failed';
  }

  purge(purge: Purge) {
    for (const [key, { tags }] of this.#kept) {
      const isMeant =
        purge.kind === 'all' ||
        (purge.kind === 'key' && purge.key === key) ||
        (purge.kind === 'tag' && tags.includes(purge.tag)) ||
        (purge.kind === 'prefix' && key.startsWith(purge.prefix));
      if (isMeant) this.#kept.delete(key);
    }
  }
}

const key = fc.constantFrom('a', 'ab', 'b', 'bc');
const keys = fc.uniqueArray(key, { minLength: 1 });
const tag = fc.constantFrom('s', 't');
const ttlMs = fc.integer({ min: 1, max: 50 });
const windowMs = fc.constantFrom(0, 10, 40);
const value = fc.nat(1_000);
const load: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 3, arbitrary: value.map((value) => ({ value })) },
  { weight: 1, arbitrary: fc.constant({ value: undefined }) },
  { weight: 1, arbitrary: fc.constant<Answer>('failed') },
);
const terms: fc.Arbitrary<Terms> = fc.record({
  ttlMs,
  absentTtlMs: ttlMs,
  staleWhileRevalidateMs: windowMs,
  staleIfErrorMs: windowMs,
  tags: fc.uniqueArray(tag),
});
const purge: fc.Arbitrary<Purge> = fc.oneof(
  { weight: 2, arbitrary: key.map((key): Purge => ({ kind: 'key', key })) },
  { weight: 2, arbitrary: tag.map((tag): Purge => ({ kind: 'tag', tag })) },
  { weight: 1, arbitrary: key.map((prefix): Purge => ({ kind: 'prefix', prefix })) },
  { weight: 1, arbitrary: fc.constant<Purge>({ kind: 'all' }) },
);

/** Takes a step with the cache, and checks it against the same step of the model. */
type Step = (setup: Setup, model: Model) => Promise<void>;

/** The same for the cache: no early loads, no pauses after failures. */
const optionsOf = (terms: Terms): GetOrSetOptions<Value> => ({
  ...terms,
  staleRetryMs: 0,
});

const loaderOf = (load: Answer) => async () => {
  if (load === 'failed') throw new Error('failed');
  return load.value;
};

async function check(call: Promise<unknown>, expected: unknown): Promise<void> {
  if (expected === 'failed') await assert.rejects(call, /^Error: failed$/);
  else assert.deepEqual(await call, expected);
}

const step: fc.Arbitrary<Step> = fc.oneof(
  key.map(
    (key): Step =>
      async ({ cache }, model) => {
        await check(cache.get(key), model.get(key));
      },
  ),
  keys.map(
    (keys): Step =>
      async ({ cache }, model) => {
        const expected = keys.map((key) => model.get(key));
        await check(cache.getMany(keys), expected);
      },
  ),
  fc.tuple(key, value, terms).map(
    ([key, value, terms]): Step =>
      async ({ cache }, model) => {
        await cache.set(key, value, optionsOf(terms));
        model.set(key, value, terms);
      },
  ),
  fc.tuple(key, load, terms, fc.boolean()).map(
    ([key, load, terms, isShared]): Step =>
      async ({ cache }, model) => {
        const answer = model.getOrSet(key, load, terms);
        const call = cache.getOrSet(key, loaderOf(load), { ...optionsOf(terms), isShared });
        await check(call, answer === 'failed' ? answer : answer.value);
      },
  ),
  fc.tuple(keys, load, terms).map(
    ([keys, load, terms]): Step =>
      async ({ cache }, model) => {
        const answers = keys.map((key) => model.getOrSet(key, load, terms));
        const loadMany = async (missing: readonly string[]) => {
          const made = await loaderOf(load)();
          return missing.map(() => made);
        };
        const call = cache.getOrSetMany(keys, loadMany, optionsOf(terms));
        const values = answers.map((answer) => (answer === 'failed' ? answer : answer.value));
        await check(call, values.includes('failed') ? 'failed' : values);
      },
  ),
  purge.map(
    (purge): Step =>
      async ({ cache }, model) => {
        await cache.purge(purge);
        model.purge(purge);
      },
  ),
  key.map(
    (key): Step =>
      async ({ near }) => {
        await near.purge({ kind: 'key', key });
      },
  ),
  ttlMs.map(
    (durationMs): Step =>
      async ({ clock }, model) => {
        clock.nowMs += durationMs;
        model.nowMs += durationMs;
      },
  ),
);

test('from outside, tiers are one map whose entries age', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const setup = setUp({ clock: { nowMs: 0 } });
      const model = new Model();
      for (const take of steps) {
        await take(setup, model);
        // What goes on in the background comes to its end.
        await tick();
        await tick();
      }
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
        name: 'shaky',
        mark: sound.mark,
        get: (key) => orFail().then(() => sound.get(key)),
        getMany: (keys) => orFail().then(() => sound.getMany(keys)),
        set: (key, entry, mark) => orFail().then(() => sound.set(key, entry, mark)),
        purge: (purge) => orFail().then(() => sound.purge(purge)),
        close: sound.close,
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

/** Each of these purges all keys of the test below. */
const PURGES_OF_ALL: Record<Purge['kind'], readonly Purge[]> = {
  key: [
    { kind: 'key', key: 'j' },
    { kind: 'key', key: 'k' },
  ],
  tag: [{ kind: 'tag', tag: 't' }],
  prefix: [{ kind: 'prefix', prefix: '' }],
  all: [{ kind: 'all' }],
};

interface Version {
  readonly madeAtPurge: number;
}

test('however loads, purges and two processes interleave, nobody gets what was purged before he asked', async () => {
  const action = fc.record({
    process: fc.constantFrom(0, 1),
    kind: fc.constantFrom('ask', 'ask', 'ask', 'ask many', 'purge', 'let a load end'),
    purge: fc.constantFrom<Purge['kind']>('key', 'tag', 'prefix', 'all'),
    isShared: fc.boolean(),
    turns: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const setups = setUpTwo();
      let purges = 0;
      const loading: (() => void)[] = [];
      const asked: Promise<void>[] = [];
      const load = async (): Promise<Version> => {
        const madeAtPurge = purges;
        await new Promise<void>((resolve) => loading.push(resolve));
        return { madeAtPurge };
      };
      const terms = { ttlMs: 1_000, tags: () => ['t'] };
      for (const { process, kind, purge, isShared, turns } of actions) {
        const { cache } = setups[process] as Setup;
        const purgesBefore = purges;
        const expectNew = ({ madeAtPurge }: Version) =>
          assert.ok(madeAtPurge >= purgesBefore, `${madeAtPurge} < ${purgesBefore}`);
        if (kind === 'ask') {
          asked.push(cache.getOrSet('k', load, { ...terms, isShared }).then(expectNew));
        } else if (kind === 'ask many') {
          const loadMany = async (keys: readonly string[]) => {
            const made = await load();
            return keys.map(() => made);
          };
          const call = cache.getOrSetMany(['j', 'k'], loadMany, terms);
          asked.push(
            call.then((values) => {
              for (const one of values) expectNew(one as Version);
            }),
          );
        } else if (kind === 'purge') {
          purges += 1;
          for (const one of PURGES_OF_ALL[purge]) await cache.purge(one);
        } else {
          loading.shift()?.();
        }
        for (let turn = 0; turn < turns; turn++) await tick();
      }
      let isOver = false;
      const over = Promise.all(asked).finally(() => {
        isOver = true;
      });
      while (!isOver) {
        for (const end of loading.splice(0)) end();
        await tick();
      }
      await over;
    }),
    { numRuns: 300 },
  );
});
