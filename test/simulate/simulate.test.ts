import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorShare, shareOf } from './measured.ts';
import { originsOf, type Scenario, usualServiceTime } from './scenario.ts';
import { simulate } from './simulate.ts';
import { timelineOf } from './timeline.ts';

const oneOrigin: Scenario = {
  name: 'one origin',
  about: 'which is a central queue',
  origins: originsOf(1),
  serviceTime: usualServiceTime,
  phases: [{ untilMs: 200_000, ratePerSecond: 140 }],
  fromMs: 0,
  toMs: 200_000,
  edge: {},
  boundWorkers: 4,
  goals: () => [],
};

describe('a simulation', () => {
  it('of one origin is the central queue, request by request', () => {
    const { latencies, bound } = simulate(oneOrigin, 'plain', 1);
    assert.equal(latencies.length, bound.length);
    latencies.forEach((ms, i) => {
      assert.ok(Math.abs(ms - (bound[i] as number)) < 1e-6);
    });
  });

  it('repeats itself to the last request, and is another one with another seed', () => {
    const scenario = { ...oneOrigin, origins: originsOf(3), toMs: 10_000 };
    const [first, again, other] = [1, 1, 2].map((seed) => {
      return simulate(scenario, 'least-connections', seed).recording.latencyMs;
    });
    assert.deepEqual(again, first);
    assert.notDeepEqual(other, first);
  });

  it('follows weights', () => {
    const origins = originsOf(2).map((plan, i) => ({ ...plan, workers: 8, weight: 1 + 2 * i }));
    const measured = simulate({ ...oneOrigin, origins }, 'random', 1);
    assert.ok(Math.abs(shareOf(measured, 1, 0, 200_000) - 0.75) < 0.02);
  });

  it('gives each of several proxies a subset of its own', () => {
    const scenario = { ...oneOrigin, origins: originsOf(10), edges: 1, subsetSize: 3 };
    const used = (edges: number) =>
      simulate({ ...scenario, edges }, 'random', 1).recording.picks.filter((counts) =>
        counts.some((count) => count > 0),
      ).length;
    assert.equal(used(1), 3);
    assert.equal(used(20), 10);
  });

  it('counts what failed', () => {
    const origins = originsOf(1, () => [{ kind: 'down', fromMs: 50_000, toMs: 150_000 }]);
    const measured = simulate({ ...oneOrigin, origins }, 'round-robin', 1);
    assert.ok(Math.abs(errorShare(measured) - 0.5) < 0.05);
  });
});

describe('the timeline of a simulation', () => {
  const origins = originsOf(2, (i) =>
    i === 0 ? [{ kind: 'failing', fromMs: 5_000, toMs: 10_000, share: 1 }] : [],
  );
  const phases = [{ untilMs: 20_000, ratePerSecond: 100 }];
  const scenario = { ...oneOrigin, origins, phases, toMs: 20_000, edge: { retriesErrors: false } };
  const timeline = timelineOf(simulate(scenario, 'plain', 1));

  it('has one value a second', () => {
    assert.equal(timeline.stepMs, 1_000);
    for (const values of [timeline.p99Ms, timeline.inFlight, ...timeline.shares]) {
      assert.equal(values.length, 20);
    }
  });

  it('has no more steps than a chart can show', () => {
    const { stepMs, p50Ms } = timelineOf(simulate(oneOrigin, 'plain', 1));
    assert.equal(stepMs, 2_500);
    assert.equal(p50Ms.length, 80);
  });

  it('shows errors while they happen, and that the failing origin is the emptier one', () => {
    const { errorsPerSecond, goodPerSecond, shares } = timeline;
    assert.equal(errorsPerSecond[4], 0);
    assert.ok((errorsPerSecond[7] as number) > 50);
    assert.equal(errorsPerSecond[11], 0);
    assert.ok((goodPerSecond[7] as number) < (goodPerSecond[11] as number));
    assert.ok((shares[0]?.[7] as number) > 0.6);
    for (let step = 0; step < 20; step++) {
      const sum = shares.reduce((all, values) => all + (values[step] as number), 0);
      assert.ok(Math.abs(sum - 1) < 1e-9);
    }
  });
});
