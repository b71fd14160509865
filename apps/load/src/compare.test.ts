import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Comparison, type ComparisonRow, compareResults } from './compare.ts';
import { formatComparison } from './compare-text.ts';
import type { RunResult, Slice } from './result.ts';
import {
  resultOf,
  type Second,
  type Simulation,
  seriesOf,
  simulateSeconds,
} from './run-result.test-support.ts';

const options = { maxRegression: 0.05, confidence: 0.95, seed: 1 };

function simulate(seed: number, more: Partial<Simulation> = {}): RunResult {
  return resultOf(simulateSeconds({ seed, seconds: 60, perSecond: 100, ...more }));
}

function rowOf(
  comparison: Comparison,
  metric: ComparisonRow['metric'],
  series: string | null = null,
): ComparisonRow {
  const row = comparison.rows.find((one) => one.metric === metric && one.series === series);
  assert.ok(row);
  return row;
}

describe('compareResults', () => {
  it('finds a run the same as itself', () => {
    const run = simulate(1);
    const comparison = compareResults([run], [run], options);
    assert.equal(comparison.hasRegressed, false);
    for (const { change, metric, verdict } of comparison.rows.filter((row) => row.interval)) {
      assert.equal(change, metric === 'errors' ? 0 : 1);
      assert.ok(verdict === 'same' || verdict === 'unclear');
    }
    assert.equal(rowOf(comparison, 'rate').verdict, 'same');
  });

  it('reports what the results themselves say', () => {
    const [base, next] = [simulate(1), simulate(2)];
    const comparison = compareResults([base], [next], options);
    for (const series of [null, 'items']) {
      const p99 = rowOf(comparison, 'p99', series);
      assert.ok(Math.abs(p99.base - base.totals.latency.p99Ms) < 0.001);
      assert.ok(Math.abs(p99.next - next.totals.latency.p99Ms) < 0.001);
      assert.ok(
        Math.abs(rowOf(comparison, 'p50', series).base - base.totals.latency.p50Ms) < 0.001,
      );
      assert.ok(
        Math.abs(rowOf(comparison, 'mean', series).base - base.totals.latency.meanMs) < 0.01,
      );
      assert.equal(rowOf(comparison, 'rate', series).base, base.totals.goodPerS);
    }
  });

  it('gives the same answer for the same seed', () => {
    const sides = [[simulate(1)], [simulate(2)]] as const;
    assert.deepEqual(compareResults(...sides, options), compareResults(...sides, options));
    const other = compareResults(...sides, { ...options, seed: 2 });
    assert.notDeepEqual(other.rows, compareResults(...sides, options).rows);
  });

  it('finds a tail that is a tenth slower, and nothing in the middle', () => {
    const shape = { seconds: 120, perSecond: 500 };
    const comparison = compareResults(
      [simulate(1, shape)],
      [simulate(2, { ...shape, tailFactor: 1.15 })],
      options,
    );
    assert.equal(rowOf(comparison, 'p99').verdict, 'regressed');
    assert.equal(rowOf(comparison, 'p50').verdict, 'same');
    assert.equal(comparison.hasRegressed, true);
    const back = compareResults(
      [simulate(2, { ...shape, tailFactor: 1.15 })],
      [simulate(1, shape)],
      options,
    );
    assert.equal(rowOf(back, 'p99').verdict, 'improved');
    assert.equal(back.hasRegressed, false);
  });

  it('has intervals that contain 1 about as often as they promise, when nothing changed', () => {
    const share = agreement(60, {});
    for (const metric of ['p50', 'p99', 'mean'] as const) {
      assert.ok(share(metric) > 0.85, `${metric} ${share(metric)}`);
    }
    assert.ok(share('p50') < 1, 'an interval that always contains 1 says nothing');
  });

  it('raises few alarms over seconds that are slow and fast by turns', () => {
    const share = agreement(60, { seconds: 120, perSecond: 20, persistence: 0.6, spread: 0.3 });
    assert.ok(share('p50') > 0.8, `${share('p50')}`);
    assert.ok(share('mean') > 0.8, `${share('mean')}`);
    assert.ok(share.alarms < 0.1, `${share.alarms}`);
  });

  it('is unclear where the seconds differ too much to tell', () => {
    const shape = { seconds: 30, spread: 0.5 };
    const comparison = compareResults([simulate(1, shape)], [simulate(2, shape)], options);
    assert.equal(rowOf(comparison, 'p50').verdict, 'unclear');
  });

  it('finds failures that were not there, and fewer good answers', () => {
    const seconds = simulateSeconds({ seed: 1, seconds: 60, perSecond: 100 });
    const failing = seconds.map((second, i): Second => ({ ...second, failed: i % 2 ? 14 : 10 }));
    const comparison = compareResults([resultOf(seconds)], [resultOf(failing)], options);
    const errors = rowOf(comparison, 'errors');
    assert.equal(errors.change, 0.12);
    assert.equal(errors.verdict, 'regressed');
    assert.equal(rowOf(comparison, 'rate').verdict, 'regressed');
    const back = compareResults([resultOf(failing)], [resultOf(seconds)], options);
    assert.equal(rowOf(back, 'errors').verdict, 'improved');
    assert.equal(rowOf(back, 'rate').verdict, 'improved');
    assert.equal(back.hasRegressed, false);
  });

  it('does not take one failure for a regression', () => {
    const seconds = simulateSeconds({ seed: 1, seconds: 60, perSecond: 100 });
    const once = seconds.map((second, i): Second => ({ ...second, failed: i === 7 ? 1 : 0 }));
    const comparison = compareResults([resultOf(seconds)], [resultOf(once)], options);
    assert.equal(rowOf(comparison, 'errors').verdict, 'unclear');
    assert.equal(comparison.hasRegressed, false);
  });

  it('knows from several runs how much runs differ', () => {
    // Each run is faster or slower as a whole; its seconds do not show it.
    const runs = [1, 1.3, 0.8, 1.2, 0.9, 1.1].map((factor, i) => {
      const seconds = simulateSeconds({ seed: i, seconds: 30, perSecond: 100 });
      const slowed = seconds.map(({ latenciesMs }) => latenciesMs.map((ms) => ms * factor));
      return resultOf(slowed.map((latenciesMs) => ({ latenciesMs })));
    });
    const width = (base: RunResult[], next: RunResult[]) => {
      const { interval } = rowOf(compareResults(base, next, options), 'p50');
      assert.ok(interval);
      return interval.high - interval.low;
    };
    assert.ok(
      width(runs.slice(0, 3), runs.slice(3)) > 2 * width(runs.slice(0, 1), runs.slice(1, 2)),
    );
  });

  it('gives flows an interval when whole runs can be drawn, and says so', () => {
    const runs = [1, 2, 3, 4, 5, 6].map((seed) => simulate(seed, { seconds: 20 }));
    const several = compareResults(runs.slice(0, 3), runs.slice(3), options);
    assert.ok(rowOf(several, 'p50', 'items').interval);
    assert.match(several.notes.join('\n'), /whole runs drawn anew/);
    const single = compareResults(runs.slice(0, 1), runs.slice(1, 2), options);
    assert.equal(rowOf(single, 'p50', 'items').interval, null);
    assert.equal(rowOf(single, 'p50', 'items').verdict, null);
    assert.match(single.notes.join('\n'), /without interval or verdict/);
    assert.match(single.notes.join('\n'), /One run on a side/);
  });

  it('is not decided by a single flow', () => {
    const latenciesMs = Array.from({ length: 100 }, (_, i) => i + 1);
    const side = (factor: number) =>
      [1, 2, 3].map((seed) => ({
        ...simulate(seed),
        series: [
          seriesOf(
            'rare',
            latenciesMs.map((ms) => ms * factor),
          ),
        ],
      }));
    const comparison = compareResults(side(1), side(2), options);
    assert.equal(rowOf(comparison, 'p50', 'rare').verdict, 'regressed');
    assert.equal(comparison.hasRegressed, false);
  });

  it('refuses what does not compare', () => {
    const run = simulate(1);
    const closed = { ...run, slices: run.slices.map(toClosed) };
    const refuse = (base: RunResult[], next: RunResult[], message: RegExp) =>
      assert.throws(() => compareResults(base, next, options), { name: 'TypeError', message });
    refuse(
      [run],
      [closed],
      /open and the closed model do not compare.*base is open, next is closed/,
    );
    refuse([run, closed], [run, closed], /base is open and closed/);
    refuse([{ ...run, version: 2 as 1 }], [run], /base is a result of version 2/);
    refuse([run], [run, resultOf([])], /in next run 2 nothing completed/);
    refuse([], [run], /no run of base/);
    const broken = { ...run, slices: run.slices.map((one) => ({ ...one, histogram: '?' })) };
    refuse([run], [broken], /not a histogram/);
    assert.throws(() => compareResults([run], [run], { ...options, maxRegression: -1 }), TypeError);
    assert.throws(() => compareResults([run], [run], { ...options, confidence: 95 }), TypeError);
  });

  it('warns loudly of what else is different', () => {
    const run = simulate(1);
    const { warnings } = compareResults(
      [run],
      [
        {
          ...run,
          seed: 2,
          load: 'another',
          machine: 'bigger',
          end: 'stopped',
          totals: { ...run.totals, saturatedSlices: 3 },
          series: [seriesOf('other', [1])],
        },
      ],
      options,
    );
    for (const part of [
      /DIFFERENT load: base open model.*; next another/,
      /DIFFERENT seed: base 1; next 2/,
      /DIFFERENT machine/,
      /next: the generator was saturated in 3 of 60 seconds/,
      /next ended early: stopped/,
      /only base has items/,
      /only next has other/,
    ]) {
      assert.match(warnings.join('\n'), part);
    }
    assert.deepEqual(compareResults([run], [run], options).warnings, []);
  });

  it('takes the same seeds on both sides for no difference', () => {
    const [one, two] = [simulate(1), { ...simulate(2), seed: 2 }];
    assert.deepEqual(compareResults([one, two], [two, one], options).warnings, []);
  });

  it('compares ten minutes in seconds, not minutes', () => {
    const shape = { seconds: 600, perSecond: 500, spread: 0.1 };
    const sides = [[simulate(1, shape)], [simulate(2, shape)]] as const;
    const startMs = performance.now();
    compareResults(...sides, options);
    assert.ok(performance.now() - startMs < 30_000);
  });
});

describe('formatComparison', () => {
  it('is an aligned table with warnings before and the verdict behind it', () => {
    const shape = { seconds: 120, perSecond: 500 };
    const slow = { ...simulate(2, { ...shape, tailFactor: 1.2 }), seed: 2 };
    const text = formatComparison(compareResults([simulate(1, shape)], [slow], options));
    const lines = text.split('\n');
    assert.match(lines[0] as string, /^WARNING: DIFFERENT seed/);
    assert.match(
      text,
      /\n {2}p99 +\d+\.\d ms +\d+\.\d ms +1\.\d{3} +1\.\d{3} … 1\.\d{3} +regressed\n/,
    );
    assert.match(text, /\n {2}errors +0 % +0 % +0 pt +0 pt … 0 pt +same\n/);
    assert.match(lines.at(-1) as string, /^✗ regressed: p99, p99.9 \(5 % is tolerated\)$/);
    const judged = lines.filter((line) => /(same|unclear|regressed)$/.test(line));
    assert.equal(new Set(judged.map((line) => line.length)).size, 1);
  });

  it('does not claim more than it found', () => {
    const comparison = compareResults([simulate(1)], [simulate(1)], options);
    const rows = comparison.rows.map(
      (row): ComparisonRow => ({
        ...row,
        verdict: row.metric === 'p50' && row.series === null ? 'unclear' : 'same',
      }),
    );
    const text = formatComparison({ ...comparison, rows });
    assert.match(text, /✓ no regression found \(5 % is tolerated\); unclear: p50/);
  });
});

function toClosed(slice: Slice): Slice {
  return { ...slice, askedPerS: null, users: 10 };
}

/** Of pairs of runs of the same system: how often the interval of a metric contains 1. */
function agreement(pairs: number, shape: Partial<Simulation>) {
  const comparisons = Array.from({ length: pairs }, (_, i) =>
    compareResults([simulate(2 * i, shape)], [simulate(2 * i + 1, shape)], options),
  );
  const share = (metric: ComparisonRow['metric']) =>
    comparisons.filter((one) => {
      const { interval } = rowOf(one, metric);
      return interval && interval.low <= 1 && interval.high >= 1;
    }).length / pairs;
  const alarms = comparisons.filter(({ hasRegressed }) => hasRegressed).length / pairs;
  return Object.assign(share, { alarms });
}
