import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Merge, type MergeOptions } from './merge.ts';
import type { WorkerHealth, WorkerReport } from './messages.ts';
import { Recording } from './recording.ts';
import type { Slice } from './result.ts';

const LIMIT_MS = 1_000;
const IDLE: WorkerHealth = { cpuMs: 500, elapsedMs: 1_000, loopUtilization: 0.2, loopDelayMs: 1 };

function setUp(options: Partial<MergeOptions> = {}) {
  const slices: Slice[] = [];
  const merge = new Merge({
    workers: 2,
    isOpen: true,
    askedPerS: () => 100,
    metrics: () => ({}),
    onSlice: (slice) => slices.push(slice),
    ...options,
  });
  return { merge, slices };
}

/** A second of one worker, in which answers took so long, and so many failed or were dropped. */
function report(
  index: number,
  took: readonly number[] = [],
  { failed = 0, dropped = 0, health = IDLE, name = 'flow' } = {},
): WorkerReport {
  let nowMs = 0;
  const recording = new Recording(() => nowMs, LIMIT_MS);
  const series = recording.series(name, 'plain');
  for (const ms of took) {
    nowMs = ms;
    recording.arrived(0);
    recording.started(series);
    recording.answered(series, 200, true, 0, 0, Number.NaN);
  }
  nowMs = 1;
  for (let i = 0; i < failed; i++) {
    recording.started(series);
    recording.failed(series, 'reset', 0, 0);
  }
  for (let i = 0; i < dropped; i++) recording.dropped(series);
  return { index, users: 3, health, ...recording.take() };
}

describe('a merge', () => {
  it('is the same whether one worker did it all or two shared it', () => {
    const took = Array.from({ length: 200 }, (_, i) => 1 + ((i * 37) % 101));
    const alone = setUp({ workers: 1 });
    alone.merge.add(0, report(0, took, { failed: 2 }));
    const shared = setUp();
    shared.merge.add(0, report(0, took.slice(0, 60), { failed: 1 }));
    assert.equal(shared.slices.length, 0);
    shared.merge.add(1, report(0, took.slice(60), { failed: 1 }));
    assert.equal(shared.slices.length, 1);
    // Two workers use the CPU twice; all else is the same.
    const { generator: _one, ...one } = alone.slices[0] as Slice;
    const { generator, ...two } = shared.slices[0] as Slice;
    assert.deepEqual(two, one);
    assert.equal(generator.cpuCores, 1);
    assert.deepEqual(shared.merge.series(), alone.merge.series());
    const { latency, service, completed, failed } = alone.merge.totals(1_000);
    const totals = shared.merge.totals(1_000);
    assert.deepEqual(
      [totals.latency, totals.service, totals.completed, totals.failed],
      [latency, service, completed, failed],
    );
    assert.equal(totals.completed, 202);
    assert.equal(totals.goodPerS, 200);
  });

  it('makes slices in order, when the last worker has reported', () => {
    const { merge, slices } = setUp();
    for (const index of [0, 1, 2]) merge.add(0, report(index, [index + 1]));
    assert.equal(slices.length, 0);
    for (const index of [0, 1, 2]) {
      merge.add(1, report(index, [index + 1, index + 1]));
      assert.equal(slices.length, index + 1);
    }
    assert.deepEqual(
      slices.map(({ startMs, completed }) => [startMs, completed]),
      [0, 1_000, 2_000].map((startMs) => [startMs, 3]),
    );
    assert.deepEqual(
      slices.map(({ latency }) => Math.round(latency?.p50Ms ?? 0)),
      [1, 2, 3],
    );
  });

  it('goes on where a worker was held up and skipped a second', () => {
    const { merge, slices } = setUp();
    merge.add(0, report(0, [1]));
    merge.add(1, report(0, [1]));
    merge.add(0, report(1, [1]));
    merge.add(0, report(2, [1]));
    merge.add(1, report(2, [1, 1], { health: { ...IDLE, elapsedMs: 2_020 } }));
    assert.deepEqual(
      slices.map(({ startMs, durationMs, completed }) => [startMs, durationMs, completed]),
      [
        [0, 1_000, 2],
        [1_000, 1_000, 1],
        [2_000, 2_000, 3],
      ],
    );
    const alone = setUp({ workers: 1 });
    alone.merge.add(0, report(0, [1]));
    alone.merge.add(0, report(2, [1]));
    assert.deepEqual(
      alone.slices.map(({ startMs }) => startMs),
      [0, 2_000],
    );
  });

  it('has failures and drops in the headline, as the time limit', () => {
    const { merge, slices } = setUp({ workers: 1 });
    merge.add(0, report(0, [10], { failed: 2, dropped: 3 }));
    const [slice] = slices;
    assert.equal(slice?.completed, 3);
    assert.equal(slice?.failed, 2);
    assert.equal(slice?.dropped, 3);
    assert.equal(slice?.arrivals, 4);
    assert.deepEqual(slice?.failures, { reset: 2 });
    assert.equal(Math.round(slice?.latency?.p50Ms ?? 0), LIMIT_MS);
    assert.ok((slice?.service?.maxMs ?? Infinity) < 11);
    const totals = merge.totals(2_000);
    assert.equal(totals.latency.count, 6);
    assert.equal(totals.latency.minMs, 10);
    assert.equal(totals.service.count, 3);
    assert.equal(totals.goodPerS, 0.5);
    const [series] = merge.series();
    assert.equal(series?.dropped, 3);
    assert.equal(series?.latency.count, 6);
    assert.deepEqual(
      series?.statuses.map(({ status, count }) => [status, count]),
      [
        ['200', 1],
        ['reset', 2],
      ],
    );
  });

  it('tells statuses that were not expected as one kind of failure', () => {
    const { merge, slices } = setUp({ workers: 1 });
    const recording = new Recording(() => 1, LIMIT_MS);
    const flow = recording.series('flow', 'plain');
    for (const status of [500, 503, 503]) recording.answered(flow, status, false, 0, 0, 1);
    merge.add(0, { index: 0, users: 0, health: IDLE, ...recording.take() });
    assert.deepEqual(slices[0]?.failures, { status: 3 });
    assert.equal(merge.series()[0]?.statuses.length, 2);
  });

  it('counts steps as requests, and only flows as completed', () => {
    const { merge, slices } = setUp({ workers: 1 });
    const recording = new Recording(() => 1, LIMIT_MS);
    const flow = recording.series('buy', 'scripted');
    const step = recording.series('buy › pay', 'step');
    recording.started(flow);
    for (let i = 0; i < 3; i++) recording.answered(step, 200, true, 0, 0, 1);
    recording.failed(step, 'reset', 0, 0);
    recording.failed(flow, 'reset', 0, 0);
    merge.add(0, { index: 0, users: 0, health: IDLE, ...recording.take() });
    const { completed, requests, failed, failures, flows } = slices[0] as Slice;
    assert.deepEqual(
      { completed, requests, failed, failures },
      { completed: 1, requests: 4, failed: 1, failures: { reset: 1 } },
    );
    assert.deepEqual(Object.keys(flows), ['buy']);
    assert.deepEqual(
      merge.series().map(({ name }) => name),
      ['buy', 'buy › pay'],
    );
  });

  it('makes slices of what is left when it ends', () => {
    const { merge, slices } = setUp();
    merge.add(0, report(0, [1]));
    merge.add(0, report(1, [1], { health: { ...IDLE, elapsedMs: 320 } }));
    assert.equal(slices.length, 0);
    merge.end();
    merge.end();
    assert.deepEqual(
      slices.map(({ startMs, durationMs }) => [startMs, durationMs]),
      [
        [0, 1_000],
        [1_000, 300],
      ],
    );
    assert.equal(merge.totals(1_300).completed, 2);
  });

  it('says when the generator was saturated, though not of a short last second', () => {
    const { merge, slices } = setUp({ workers: 1 });
    const busy = { ...IDLE, loopUtilization: 0.95, loopDelayMs: 40 };
    merge.add(0, report(0));
    merge.add(0, report(1, [], { health: busy }));
    merge.add(0, report(2, [], { health: { ...busy, elapsedMs: 200 } }));
    assert.deepEqual(
      slices.map(({ generator }) => generator.isSaturated),
      [false, true, false],
    );
    const { generator, saturatedSlices } = merge.totals(2_200);
    assert.equal(saturatedSlices, 1);
    assert.equal(generator.loopDelayMs, 40);
    assert.equal(slices[0]?.latency, null);
  });

  it('tells users where there are any, and none in the open model', () => {
    for (const [isOpen, users] of [
      [true, null],
      [false, 6],
    ] as const) {
      const { merge, slices } = setUp({ isOpen });
      merge.add(0, report(0));
      merge.add(1, report(0));
      assert.equal(slices[0]?.users, users);
    }
  });

  it('is zeros when nothing was reported', () => {
    const { merge, slices } = setUp();
    merge.end();
    assert.deepEqual(slices, []);
    const totals = merge.totals(0);
    assert.equal(totals.goodPerS, 0);
    assert.equal(totals.latency.count, 0);
    assert.equal(totals.generator.cpuCores, 0);
  });
});
