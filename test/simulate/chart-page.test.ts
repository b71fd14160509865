import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawChapter, renderPage } from './chart-page.ts';
import { drawLines, linearScale, logScale } from './chart-plot.ts';
import { originsOf, type Scenario, usualServiceTime } from './scenario.ts';
import { simulate } from './simulate.ts';

const scenario: Scenario = {
  name: 'small',
  about: 'one origin <fails> & "is left alone"',
  origins: originsOf(3, (i) =>
    i === 0 ? [{ kind: 'failing', fromMs: 3_000, toMs: 6_000, share: 1 }] : [],
  ),
  serviceTime: usualServiceTime,
  phases: [{ untilMs: 10_000, ratePerSecond: 200 }],
  fromMs: 0,
  toMs: 10_000,
  edge: { retriesErrors: false },
  boundWorkers: 12,
  goals: ({ counts }) => [
    { what: 'errors', value: counts.error, limit: 0, isAtMost: true, isMet: false },
  ],
};

function pageOf(of: Scenario): string {
  const entries = (['least-connections', 'plain'] as const).map((contestant) => ({
    contestant,
    runs: [simulate(of, contestant, 1)],
  }));
  return renderPage([drawChapter(of, entries)]);
}

describe('the page of charts', () => {
  const page = pageOf(scenario);
  const drawings = page.match(/<svg .*?<\/svg>/gs) ?? [];

  it('has five charts for each policy, and nothing that is no number', () => {
    assert.equal(drawings.length, 10);
    assert.doesNotMatch(page, /NaN|Infinity|undefined|\[object/);
  });

  it('needs nothing from elsewhere', () => {
    assert.doesNotMatch(page, /<script|<link|<img|src=|url\(|https?:/);
  });

  it('shows text as text', () => {
    assert.match(page, /one origin &#60;fails&#62; &#38; &#34;is left alone&#34;/);
  });

  it('says which goals were missed', () => {
    assert.match(page, /<b class="missed">missed<\/b> errors: \d+ \(at most 0\)/);
  });

  it('marks when the fault was, and tells the figures of each second', () => {
    const [latency = ''] = drawings;
    assert.equal(latency.match(/class="shaded"/g)?.length, 1);
    assert.match(latency, /<title>4 s: bound p99 [\d.]+, p50 [\d.]+, p90 [\d.]+, p99 [\d.]+</);
  });

  it('leaves out charts of failures when there are none', () => {
    const well = pageOf({ ...scenario, origins: originsOf(3), goals: () => [] });
    assert.equal(well.match(/<svg /g)?.length, 6);
    assert.match(well, /Every request got a good answer/);
  });
});

describe('a chart', () => {
  const values = [Float64Array.of(14, Number.NaN, 95)];

  it('has round numbers at its axes', () => {
    assert.deepEqual(linearScale(values).ticks, [0, 50, 100]);
    assert.deepEqual(logScale(values).ticks, [10, 20, 50, 100]);
    assert.deepEqual(logScale([Float64Array.of(0.5, 20_000)]).ticks, [1, 10, 100, 1_000, 10_000]);
  });

  it('has a frame even when there is nothing to show', () => {
    for (const scale of [linearScale([]), logScale([]), logScale([Float64Array.of(0, 0)])]) {
      assert.ok(scale.ticks.length > 1);
      assert.ok(scale.ticks.every((tick) => Number.isFinite(scale.heightOf(tick))));
    }
  });

  it('breaks its line where there is no value', () => {
    const lines = [{ name: 'a', style: 'p50', values: Float64Array.of(1, 2, Number.NaN, 3, 4) }];
    const drawing = drawLines({
      label: 'test',
      lines,
      scale: linearScale([Float64Array.of(4)]),
      stepMs: 1_000,
      lengthMs: 5_000,
      shaded: [],
    });
    const path = /class="line p50" d="([^"]*)"/.exec(drawing)?.[1] ?? '';
    assert.equal(path.replace(/[^ML]/g, ''), 'MLML');
  });
});
