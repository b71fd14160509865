import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderFamilies } from './exposition.ts';
import { MergedMetrics } from './merge.ts';
import type { MergeRule, MetricFamily } from './metric-family.ts';
import { createRegistry, type Registry } from './registry.ts';

/** What the process of one worker would say. */
function said(register: (registry: Registry) => void): readonly MetricFamily[] {
  const registry = createRegistry();
  register(registry);
  return structuredClone(registry.read());
}

function counted(byService: Record<string, number>): readonly MetricFamily[] {
  return said((registry) => {
    const counter = registry.counter({ name: 'c', help: 'c', labelNames: ['service'] });
    for (const [service, value] of Object.entries(byService)) counter.labels(service).inc(value);
  });
}

function gauged(values: Record<string, number>, merge?: MergeRule): readonly MetricFamily[] {
  return said((registry) => {
    const rule = merge ? { merge } : {};
    const gauge = registry.gauge({ name: 'g', help: 'g', labelNames: ['service'], ...rule });
    for (const [service, value] of Object.entries(values)) gauge.labels(service).set(value);
  });
}

function observed(values: readonly number[], buckets = [1, 10]): readonly MetricFamily[] {
  return said((registry) => {
    const series = registry.histogram({ name: 'h', help: 'h', buckets }).labels();
    for (const value of values) series.observe(value);
  });
}

/** The sample lines, in their order. */
function samples(merged: MergedMetrics, own?: readonly MetricFamily[]): string[] {
  const lines = renderFamilies(merged.families(own)).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

describe('what several workers say', () => {
  test('of counters is added up, series by series', () => {
    const merged = new MergedMetrics();
    merged.answered(1, counted({ items: 2, live: 1 }));
    merged.answered(2, counted({ users: 5, items: 3 }));
    assert.deepEqual(samples(merged), [
      'c{service="items"} 5',
      'c{service="live"} 1',
      'c{service="users"} 5',
    ]);
    merged.answered(1, counted({ items: 4, live: 1 }));
    assert.equal(samples(merged)[0], 'c{service="items"} 7', 'an answer replaces the one before');
  });

  test('of histograms is added up, bucket by bucket', () => {
    const merged = new MergedMetrics();
    merged.answered(1, observed([0.5, 5]));
    merged.answered(2, observed([0.5, 50]));
    assert.deepEqual(samples(merged), [
      'h_bucket{le="1"} 2',
      'h_bucket{le="10"} 3',
      'h_bucket{le="+Inf"} 4',
      'h_sum 56',
      'h_count 4',
    ]);
  });

  const expected: readonly [rule: MergeRule | undefined, lines: readonly string[]][] = [
    [undefined, ['g{service="a"} 5', 'g{service="b"} 1']],
    ['sum', ['g{service="a"} 5', 'g{service="b"} 1']],
    ['max', ['g{service="a"} 4', 'g{service="b"} 1']],
    ['min', ['g{service="a"} 1', 'g{service="b"} 1']],
    ['mean', ['g{service="a"} 2.5', 'g{service="b"} 1']],
    [
      'each',
      ['g{service="a",worker="1"} 4', 'g{service="a",worker="2"} 1', 'g{service="b",worker="2"} 1'],
    ],
  ];
  for (const [rule, lines] of expected) {
    test(`of a gauge is merged by its rule: ${rule ?? 'none'}`, () => {
      const merged = new MergedMetrics();
      merged.answered(1, gauged({ a: 4 }, rule));
      merged.answered(2, gauged({ a: 1, b: 1 }, rule));
      assert.deepEqual(samples(merged), lines);
    });
  }

  test('is told together with what this process has itself', () => {
    const merged = new MergedMetrics();
    merged.answered(7, [...counted({ items: 2 }), ...gauged({ a: 1 }, 'each')]);
    const own = [...counted({ items: 1 }), ...gauged({ a: 3 }, 'each')];
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(samples(merged, own), [
        'c{service="items"} 3',
        'g{service="a",worker="7"} 1',
        'g{service="a",worker="supervisor"} 3',
      ]);
    }
  });

  test('is told in the order in which it was first seen, whoever has it', () => {
    const merged = new MergedMetrics();
    const names = (own?: readonly MetricFamily[]) => merged.families(own).map(({ name }) => name);
    merged.answered(1, [...gauged({ a: 1 }), ...counted({ items: 1 })]);
    merged.answered(2, [...observed([1]), ...counted({ items: 1 })]);
    const own = said((registry) => registry.gauge({ name: 'own', help: 'own' }));
    assert.deepEqual(names(own), ['g', 'c', 'h', 'own']);
    merged.left(1);
    merged.left(2);
    merged.answered(3, [...counted({ items: 1 }), ...gauged({ a: 1 })]);
    assert.deepEqual(names(own), ['g', 'c', 'h', 'own']);
  });
});

describe('a worker that has left', () => {
  test('has what it counted kept, as it said it last, and its gauges forgotten', () => {
    const merged = new MergedMetrics();
    merged.answered(1, [...counted({ items: 2, old: 1 }), ...gauged({ a: 9 }), ...observed([5])]);
    merged.left(1);
    merged.answered(2, [...counted({ items: 1 }), ...gauged({ a: 1 }), ...observed([5])]);
    const lines = samples(merged);
    assert.deepEqual(lines.slice(0, 3), [
      'c{service="items"} 3',
      'c{service="old"} 1',
      'g{service="a"} 1',
    ]);
    assert.equal(lines.at(-1), 'h_count 2');
  });

  test('is not heard any more, and leaves once', () => {
    const merged = new MergedMetrics();
    merged.answered(1, [...counted({ items: 2 }), ...gauged({ a: 9 })]);
    merged.left(1);
    merged.answered(1, [...counted({ items: 3 }), ...gauged({ a: 9 })]);
    merged.left(1);
    assert.deepEqual(samples(merged), ['c{service="items"} 2']);
  });

  test('may have said nothing', () => {
    const merged = new MergedMetrics();
    merged.left(1);
    assert.deepEqual(merged.families(), []);
  });
});

test('an answer that comes late takes nothing back that was counted since', () => {
  const merged = new MergedMetrics();
  const [early, late] = [
    [...counted({ items: 1 }), ...observed([1])],
    [...counted({ items: 2, live: 1 }), ...observed([1, 2])],
  ];
  merged.answered(1, late);
  merged.answered(1, early);
  merged.answered(1, []);
  const lines = samples(merged);
  assert.deepEqual(lines.slice(0, 2), ['c{service="items"} 2', 'c{service="live"} 1']);
  assert.equal(lines.at(-1), 'h_count 2');
});

describe('workers of different releases', () => {
  test('that disagree about bounds: those of the newcomer are told, the others left out', () => {
    const merged = new MergedMetrics();
    merged.answered(1, observed([1, 5]));
    merged.answered(2, observed([1, 5]));
    merged.left(1);
    merged.answered(3, observed([2], [3]));
    merged.answered(2, observed([1, 5, 5]));
    const newer = ['h_bucket{le="3"} 1', 'h_bucket{le="+Inf"} 1', 'h_sum 2', 'h_count 1'];
    assert.deepEqual(samples(merged), newer);
    merged.left(2);
    assert.deepEqual(samples(merged), newer);

    merged.answered(4, observed([1]));
    assert.equal(samples(merged).at(-1), 'h_count 6', 'back at the older release, nothing is lost');
  });

  test('that disagree about the type or the labels: the same', () => {
    const merged = new MergedMetrics();
    merged.answered(
      1,
      said((registry) => registry.counter({ name: 'g', help: 'g' }).labels().inc(9)),
    );
    merged.answered(2, gauged({ a: 1 }));
    assert.deepEqual(samples(merged), ['g{service="a"} 1']);
    assert.match(renderFamilies(merged.families()), /^# TYPE g gauge$/m);
    merged.answered(
      3,
      said((registry) => registry.gauge({ name: 'g', help: 'g' }).labels().set(4)),
    );
    assert.deepEqual(samples(merged), ['g 4']);
  });
});
