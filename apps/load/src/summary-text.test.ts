import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { resultOf, seriesOf } from './run-result.test-support.ts';
import { formatResult } from './summary-text.ts';

const latenciesMs = Array.from({ length: 1_000 }, (_, i) => (i + 1) / 10);
const result = resultOf(
  [
    { latenciesMs, failed: 12 },
    { latenciesMs, isSaturated: true },
  ],
  {
    series: [
      seriesOf('browse', latenciesMs, { failed: 12, dropped: 3 }),
      seriesOf('checkout', [5, 6, 7]),
      seriesOf('browse › GET /items/:id', latenciesMs),
      seriesOf('checkout › POST /cart', [5, 6, 7]),
    ],
    thresholds: [
      { text: 'p99 < 200ms', measured: '99.1ms', isMet: true },
      { text: 'errors == 0', measured: '12', isMet: false },
    ],
    interventions: ['12.4 s: rate × 2'],
  },
);

describe('formatResult', () => {
  it('has what one wants to know of a run', () => {
    const text = formatResult(result);
    for (const part of [
      /^scenarios\/items\.ts → http:\/\/127\.0\.0\.1:8080\n/,
      /seed 1/,
      /changed at 12\.4 s: rate × 2\n/,
      /WARNING: the generator was saturated in 1 of 2 seconds\./,
      /\nflows {6}2,000 arrivals, 2,000 started, 2,000 completed, 994\/s good\n/,
      /\nrequests {3}2,000, 2\.00 MB received\n/,
      /\nfailed {5}12 \(0\.6 %\), timeout 12\n/,
      /\nunsent {5}0 dropped \(0 %\), 0 late \(0 %\)\n/,
      /\nsend delay p50 1\d\d µs, p99 /,
      /\ngenerator {2}0\.85 cores on average, event loop at most 61 % busy, held up at most 12\.3 ms\n/,
      /\n {2}browse +200 988, ✗ timeout 12, dropped 3\n/,
      /\nthresholds, 1 not met\n {2}✓ p99 < 200ms {2}measured 99\.1ms\n {2}✗ errors == 0 {2}measured 12$/,
    ]) {
      assert.match(text, part);
    }
  });

  it('puts the steps below their flow, and the service below the latency', () => {
    const names = formatResult(result)
      .split('\n')
      .filter((line) => line.match(/\d (µs|ms|s)(?= |$)/g)?.length === 6)
      .map((line) => /^(.*?) {2,}\d/.exec(line)?.[1]);
    assert.deepEqual(names, [
      'all flows',
      '  service',
      'browse',
      '  service',
      '  GET /items/:id',
      '    service',
      'checkout',
      '  service',
      '  POST /cart',
      '    service',
    ]);
  });

  it('shows latency and service each as measured', () => {
    const lines = formatResult(result).split('\n');
    const at = lines.findIndex((line) => line.startsWith('browse '));
    assert.match(
      lines[at] as string,
      /^browse +1,000 +12 +50\.0 ms +90\.0 ms +99\.0 ms +99\.9 ms +100 ms +100 ms$/,
    );
    assert.match(lines[at + 1] as string, /^ {2}service +25\.0 ms +45\.0 ms +49\.5 ms +49\.9 ms/);
  });

  it('says loudly how a run ended that did not come to its end', () => {
    assert.match(formatResult({ ...result, end: 'stopped' }), /STOPPED/);
    assert.match(
      formatResult({ ...result, end: 'failed', problem: 'a worker died' }),
      /FAILED: a worker died/,
    );
    assert.doesNotMatch(formatResult(result), /STOPPED|FAILED/);
  });

  it('says nothing of saturation, thresholds and arrivals where there are none', () => {
    const plain = resultOf([{ latenciesMs }]);
    const text = formatResult({ ...plain, totals: { ...plain.totals, arrivals: 0 } });
    assert.doesNotMatch(text, /WARNING|thresholds|arrivals|unsent|all flows/);
  });

  it('makes do with nothing', () => {
    const text = formatResult(resultOf([]));
    assert.match(text, /0 completed/);
    assert.doesNotMatch(text, /NaN|Infinity|undefined/);
  });

  it('is coloured on request only', () => {
    const plain = formatResult(result);
    assert.ok(!plain.includes('\x1b'));
    const coloured = formatResult(result, { isColoured: true });
    assert.ok(coloured.includes('\x1b[31mWARNING'));
    assert.ok(coloured.includes('\x1b[32m  ✓'));
    assert.ok(coloured.includes('\x1b[31m  ✗'));
    assert.equal(
      coloured.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), ''),
      plain,
    );
  });

  it('is never wider than 100 columns', () => {
    const name = fc.string({ maxLength: 150 }).map((text) => text.replaceAll(/\s/g, '_'));
    fc.assert(
      fc.property(
        name,
        name,
        name,
        fc.integer({ min: 0, max: 1e12 }),
        (flow, step, text, count) => {
          const huge = seriesOf(flow, [0.001, 4e6]);
          const statuses = Array.from({ length: 30 }, (_, i) => ({
            status: `${200 + i}`,
            isFailure: i > 5,
            count,
            phases: {},
          }));
          const shown = formatResult({
            ...result,
            name: text,
            target: text,
            load: text,
            machine: text,
            end: 'failed',
            problem: text,
            interventions: [text],
            series: [
              { ...huge, completed: count, failed: count, statuses },
              { ...huge, name: `${flow} › ${step}` },
            ],
            thresholds: [{ text, measured: text, isMet: false }],
          });
          for (const line of shown.split('\n')) assert.ok([...line].length <= 100, line);
        },
      ),
      { numRuns: 50 },
    );
  });
});
