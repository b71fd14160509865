import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { createLoader } from './loader.ts';

/** A loader of squares that notes the keys of its loads; odd keys below zero have none. */
function squares(options: { maxBatch?: number } = {}) {
  const loads: (readonly number[])[] = [];
  const loader = createLoader<number, number>({
    ...options,
    load: async (keys) => {
      loads.push(keys);
      return new Map(keys.filter((key) => key >= 0).map((key) => [key, key * key]));
    },
  });
  return { loader, loads };
}

/** A loader whose only load ends when the test says so. */
function held() {
  const end = Promise.withResolvers<ReadonlyMap<string, string>>();
  const calls: { readonly keys: readonly string[]; readonly signal: AbortSignal }[] = [];
  const loader = createLoader<string, string>({
    load: (keys, { signal }) => {
      calls.push({ keys, signal });
      return end.promise;
    },
  });
  return { loader, calls, end };
}

test('lookups of one turn of the event loop become one load, each key once', async () => {
  const { loader, loads } = squares();
  const values = await Promise.all([1, 2, 1, -3, 2].map((key) => loader.load(key)));
  assert.deepEqual(values, [1, 4, 1, undefined, 4]);
  assert.deepEqual(loads, [[1, 2, -3]]);
});

test('what was loaded is not kept: the next turn loads again', async () => {
  const { loader, loads } = squares();
  await loader.load(1);
  await loader.load(1);
  assert.deepEqual(loads, [[1], [1]]);
});

test('a load under way is not joined, since it may not have seen the latest write', async () => {
  const { loader, calls, end } = held();
  const early = loader.load('a');
  await turn();
  const late = loader.load('a');
  await turn();
  assert.equal(calls.length, 2);
  end.resolve(new Map([['a', 'A']]));
  assert.deepEqual(await Promise.all([early, late]), ['A', 'A']);
});

test('with a bound on loads, keys that come meanwhile wait and go together', async () => {
  const ends: (() => void)[] = [];
  const loads: (readonly number[])[] = [];
  const loader = createLoader<number, number>({
    maxLoads: 1,
    maxBatch: 3,
    load: async (keys) => {
      loads.push(keys);
      await new Promise<void>((resolve) => ends.push(resolve));
      return new Map(keys.map((key) => [key, key]));
    },
  });
  const values: Promise<number | undefined>[] = [loader.load(1)];
  for (const key of [2, 3, 4, 5]) {
    await turn();
    values.push(loader.load(key));
  }
  await turn();
  assert.deepEqual(loads, [[1]]);
  const leaving = new AbortController();
  const gone = loader.load(6, { signal: leaving.signal });
  leaving.abort(new Error('left'));
  await assert.rejects(gone, /left/);
  for (const expected of [
    [[1], [2, 3, 4]],
    [[1], [2, 3, 4], [5]],
  ]) {
    ends.shift()?.();
    await turn();
    assert.deepEqual(loads, expected);
  }
  ends.shift()?.();
  assert.deepEqual(await Promise.all(values), [1, 2, 3, 4, 5]);
});

test('a failed load makes room for the next', async () => {
  let calls = 0;
  const loader = createLoader<number, number>({
    maxLoads: 1,
    load: async (keys) => {
      calls++;
      await turn();
      if (calls === 1) throw new Error('first');
      return new Map(keys.map((key) => [key, key]));
    },
  });
  const first = loader.load(1);
  await turn();
  const second = loader.load(2);
  await assert.rejects(first, /first/);
  assert.equal(await second, 2);
});

test('more keys than one load takes are shared out over several', async () => {
  const { loader, loads } = squares({ maxBatch: 2 });
  assert.deepEqual(await loader.loadMany([1, 2, 3, 4, 5]), [1, 4, 9, 16, 25]);
  assert.deepEqual(loads, [[1, 2], [3, 4], [5]]);
});

test('a window gathers lookups of several turns', async () => {
  const loads: (readonly number[])[] = [];
  const loader = createLoader<number, number>({
    windowMs: 20,
    load: async (keys) => {
      loads.push(keys);
      return new Map();
    },
  });
  const early = loader.load(1);
  await turn();
  await Promise.all([early, loader.load(2)]);
  assert.deepEqual(loads, [[1, 2]]);
});

test('keys that are objects are told apart by what they are made into', async () => {
  const loads: number[] = [];
  const loader = createLoader<{ readonly id: number }, string>({
    keyOf: ({ id }) => id,
    load: async (keys) => {
      loads.push(keys.length);
      return new Map(keys.map(({ id }) => [id, `row ${id}`]));
    },
  });
  assert.deepEqual(await loader.loadMany([{ id: 1 }, { id: 2 }, { id: 1 }]), [
    'row 1',
    'row 2',
    'row 1',
  ]);
  assert.deepEqual(loads, [2]);
});

test('a load that fails fails for all its callers, one that throws at once too', async () => {
  const error = new Error('no');
  for (const load of [
    () => Promise.reject(error),
    () => {
      throw error;
    },
  ]) {
    const loader = createLoader<number, number>({ load });
    const ends = await Promise.allSettled([loader.load(1), loader.load(2)]);
    assert.deepEqual(
      ends.map((end) => end.status === 'rejected' && end.reason),
      [error, error],
    );
  }
});

test('a caller who leaves leaves alone; the load is cancelled when the last has left', async () => {
  const { loader, calls } = held();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = loader.load('a', { signal: one.signal });
  const second = loader.load('a', { signal: two.signal });
  await turn();
  const [call] = calls;
  assert.ok(call);
  one.abort(new Error('one left'));
  await assert.rejects(first, { message: 'one left' });
  assert.equal(call.signal.aborted, false);
  two.abort(new Error('two left'));
  await assert.rejects(second, { message: 'two left' });
  assert.equal(call.signal.aborted, true);
});

test('a key whose callers have all left before the load is not loaded', async () => {
  const { loader, loads } = squares();
  const leaving = new AbortController();
  const left = loader.load(1, { signal: leaving.signal });
  leaving.abort(new Error('left'));
  await assert.rejects(left, { message: 'left' });
  assert.equal(await loader.load(2), 4);
  await assert.rejects(loader.load(3, { signal: leaving.signal }), { message: 'left' });
  await turn();
  assert.deepEqual(loads, [[2]]);
});

test('any history of lookups answers as a map would, in as few loads as can be', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ key: fc.integer({ min: -5, max: 20 }) }) },
    { weight: 2, arbitrary: fc.constant('turn' as const) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat() }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), history),
    { numRuns: 200 },
  );
});

type Step = { readonly key: number } | 'turn' | { readonly leave: number };

async function history(steps: readonly Step[], maxBatch: number): Promise<void> {
  const { loader, loads } = squares({ maxBatch });
  const callers: Caller[] = [];
  const expected: number[][] = [];
  let batch: number[] | undefined;
  let waiting: Caller[] = [];
  for (const step of steps) {
    if (step === 'turn') {
      await turn();
      batch = undefined;
      waiting = [];
    } else if ('key' in step) {
      const leaving = new AbortController();
      const end = loader.load(step.key, { signal: leaving.signal }).catch((error) => error);
      const caller = { key: step.key, end, leaving };
      callers.push(caller);
      waiting.push(caller);
      if (batch === undefined) {
        batch = [];
        expected.push(batch);
      }
      if (!batch.includes(step.key)) batch.push(step.key);
      if (batch.length >= maxBatch) batch = undefined;
    } else {
      waiting[step.leave % waiting.length]?.leaving.abort('left');
    }
  }
  for (const { key, end, leaving } of callers) {
    const value = key < 0 ? undefined : key * key;
    assert.equal(await end, leaving.signal.aborted ? 'left' : value);
  }
  await turn();
  if (steps.some((step) => step !== 'turn' && 'leave' in step)) {
    for (const keys of loads) assert.equal(new Set(keys).size, keys.length);
    for (const keys of loads) assert.ok(keys.length <= maxBatch);
  } else {
    assert.deepEqual(loads, expected);
  }
}

interface Caller {
  readonly key: number;
  readonly end: Promise<unknown>;
  readonly leaving: AbortController;
}
