/** Random histories of a small site, on an edge cache without sockets. */
import { test } from 'node:test';
import fc from 'fast-check';
import { Site } from './engine-model.test-support.ts';
import { MANNERS, type Step, WISHES } from './engine-model-steps.test-support.ts';

const SEED = 8_246;
const RUNS = 4_000;
const TIME_LIMIT_MS = 10_000;

const index = fc.nat({ max: 7 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      page: fc.nat({ max: 1 }),
      variant: fc.nat({ max: 1 }),
      wish: fc.oneof(
        { weight: 2, arbitrary: fc.constant('plain' as const) },
        { weight: 1, arbitrary: fc.constantFrom(...WISHES) },
      ),
      isSlow: fc.boolean(),
      isPipelined: fc.boolean(),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('head' as const),
      fetch: index,
      manner: fc.constantFrom(...MANNERS),
      at: fc.nat({ max: 49 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('body' as const, 'body' as const, 'end' as const),
      fetch: index,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('fail' as const, 'interim' as const),
      fetch: index,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('leave' as const, 'catch up' as const, 'slow down' as const),
      guest: index,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('purge' as const),
      page: fc.nat({ max: 1 }),
      by: fc.constantFrom('key' as const, 'prefix' as const, 'tag' as const, 'all' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 500, 2_000, 11_000, 70_000),
    }),
  },
);

test('whatever happens, each client gets all of one answer that is for it, or hears why not', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), fc.boolean(), (steps, isAlone) => {
      const site = new Site(!isAlone);
      for (const each of steps) site.take(each);
      site.settle();
    }),
    {
      seed: SEED,
      numRuns: RUNS,
      interruptAfterTimeLimit: TIME_LIMIT_MS,
      markInterruptAsFailure: false,
    },
  );
});
