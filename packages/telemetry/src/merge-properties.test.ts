/** What must hold whatever workers come, answer and leave, in any order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MergedMetrics } from './merge.ts';
import { type MetricFamily, seriesKey } from './metric-family.ts';
import { createRegistry } from './registry.ts';

const SERVICES = ['items', 'live', 'users'] as const;
const BOUNDS = [1, 10];

/** One process that serves, and everything it has said so far. */
function createWorker() {
  const registry = createRegistry();
  const counter = registry.counter({ name: 'c', help: 'c', labelNames: ['service'] });
  const gauge = registry.gauge({ name: 'g', help: 'g' }).labels();
  const histogram = registry.histogram({
    name: 'h',
    help: 'h',
    labelNames: ['service'],
    buckets: BOUNDS,
  });
  const answers: (readonly MetricFamily[])[] = [];
  return {
    answers,
    serve(service: string, value: number) {
      counter.labels(service).inc(value);
      histogram.labels(service).observe(value);
      gauge.inc();
    },
    answer() {
      answers.push(structuredClone(registry.read()));
      return answers.at(-1) as readonly MetricFamily[];
    },
  };
}

/** Every number that only goes up, by what it is of. */
function talliesOf(families: readonly MetricFamily[]): Map<string, number> {
  const tallies = new Map<string, number>();
  for (const family of families) {
    if (family.type === 'gauge') continue;
    for (const one of family.series) {
      const key = `${family.name} ${seriesKey(one.labels)}`;
      if ('value' in one) tallies.set(key, one.value);
      else {
        tallies.set(`${key} sum`, one.sum);
        for (const [i, count] of one.counts.entries()) tallies.set(`${key} ${i}`, count);
      }
    }
  }
  return tallies;
}

const workers = fc.nat({ max: 5 });
const steps = (value: fc.Arbitrary<number>) =>
  fc.array(
    fc.oneof(
      fc.record({
        does: fc.constant('serve'),
        worker: workers,
        service: fc.constantFrom(...SERVICES),
        value,
      }),
      fc.record({ does: fc.constant('answer'), worker: workers }),
      fc.record({ does: fc.constant('answer late'), worker: workers, which: fc.nat() }),
      fc.record({ does: fc.constant('leave'), worker: workers }),
    ),
    { maxLength: 60 },
  );

type Step = ReturnType<typeof steps> extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

/** Six workers; `each` is called after every step with what is told then. */
function play(script: readonly Step[], each: (tallies: Map<string, number>) => void) {
  const merged = new MergedMetrics();
  const made = Array.from({ length: 6 }, createWorker);
  const gone = new Set<number>();
  for (const step of script) {
    const worker = made[step.worker] as ReturnType<typeof createWorker>;
    if ('service' in step && !gone.has(step.worker)) worker.serve(step.service, step.value);
    if (step.does === 'answer') merged.answered(step.worker, worker.answer());
    if ('which' in step && worker.answers.length > 0) {
      const late = worker.answers[step.which % worker.answers.length];
      merged.answered(step.worker, late as readonly MetricFamily[]);
    }
    if (step.does === 'leave') {
      if (!gone.has(step.worker)) merged.answered(step.worker, worker.answer());
      gone.add(step.worker);
      merged.left(step.worker);
    }
    each(talliesOf(merged.families()));
  }
  return { merged, made, gone };
}

test('property: the whole is the sum of its parts, whoever has left', () => {
  fc.assert(
    fc.property(steps(fc.nat({ max: 20 })), (script) => {
      const { merged, made, gone } = play(script, () => {});
      let inFlight = 0;
      const expected = new Map<string, number>();
      for (const [i, worker] of made.entries()) {
        const answer = worker.answer();
        if (!gone.has(i)) {
          merged.answered(i, answer);
          const gauge = answer.find((family) => family.type === 'gauge');
          inFlight += gauge?.series[0]?.value ?? 0;
        }
        for (const [key, value] of talliesOf(answer)) {
          expected.set(key, (expected.get(key) ?? 0) + value);
        }
      }
      const families = merged.families();
      assert.deepEqual(
        [...talliesOf(families)].sort(([a], [b]) => (a < b ? -1 : 1)),
        [...expected].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      const told = families.find((family) => family.type === 'gauge');
      assert.equal(told?.series[0]?.value ?? 0, inFlight);
    }),
  );
});

test('property: no counter, bucket or sum ever falls or vanishes, fractions and late answers too', () => {
  const fraction = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(steps(fraction), (script) => {
      let before = new Map<string, number>();
      play(script, (now) => {
        for (const [key, value] of before) {
          assert.ok((now.get(key) ?? -1) >= value, `${key}: ${value}, then ${now.get(key)}`);
        }
        before = now;
      });
    }),
    { numRuns: 300 },
  );
});

test('a worker that leaves does not lower a sum of fractions by rounding', () => {
  const merged = new MergedMetrics();
  const values = [0.1, 0.7, 0.2, 0.6];
  for (const [i, value] of values.entries()) {
    const worker = createWorker();
    worker.serve('items', value);
    merged.answered(i, worker.answer());
  }
  let before = talliesOf(merged.families());
  for (const i of [3, 1, 2, 0]) {
    merged.left(i);
    const now = talliesOf(merged.families());
    for (const [key, value] of before) assert.ok((now.get(key) ?? -1) >= value, key);
    before = now;
  }
});
