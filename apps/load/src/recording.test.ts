import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Counts, Histogram } from './histogram.ts';
import { Recording, type TakenCounts } from './recording.ts';

const LIMIT_MS = 1_000;

function setUp() {
  const clock = { nowMs: 0 };
  const recording = new Recording(() => clock.nowMs, LIMIT_MS);
  return { clock, recording, flow: recording.series('flow', 'plain') };
}

/** How many values, and the highest of them, in whole milliseconds. */
function read(counts: Counts | undefined): [count: number, maxMs: number] {
  const histogram = new Histogram();
  histogram.add(counts ?? new Float64Array());
  return [histogram.total, Math.round((histogram.quantileUs(1) || 0) / 1_000)];
}

const statusOf = ({ series }: TakenCounts, name: string) =>
  series[0]?.statuses.find(({ status }) => status === name);

describe('a recording', () => {
  it('measures an answer from its intended send, its send and its first byte', () => {
    const { clock, recording, flow } = setUp();
    recording.started(flow);
    assert.equal(recording.inFlight, 1);
    clock.nowMs = 100;
    recording.answered(flow, 200, true, 20, 50, 90);
    const taken = recording.take();
    const status = statusOf(taken, '200');
    assert.equal(status?.count, 1);
    assert.equal(status?.isFailure, false);
    assert.deepEqual(read(status?.total), [1, 80]);
    assert.deepEqual(read(status?.service), [1, 50]);
    assert.deepEqual(read(status?.firstByte), [1, 40]);
    assert.deepEqual(read(taken.series[0]?.penalty), [0, 0]);
    assert.equal(taken.inFlight, 0);
  });

  it('counts failures and what was not expected as the time limit, or as longer', () => {
    const { clock, recording, flow } = setUp();
    for (let i = 0; i < 3; i++) recording.started(flow);
    clock.nowMs = 5;
    recording.failed(flow, 'refused', 0, Number.NaN);
    recording.answered(flow, 503, false, 0, 0, 5);
    const soon = recording.take();
    assert.deepEqual(read(soon.series[0]?.penalty), [2, LIMIT_MS]);
    assert.deepEqual(read(statusOf(soon, 'refused')?.total), [1, 5]);
    assert.deepEqual(read(statusOf(soon, 'refused')?.service), [0, 0]);
    assert.equal(statusOf(soon, '503')?.isFailure, true);
    clock.nowMs = 3_000;
    recording.failed(flow, 'timeout', 0, 0);
    const [, maxMs] = read(recording.take().series[0]?.penalty);
    assert.ok(Math.abs(maxMs - 3_000) <= 3, `${maxMs} ms`);
    assert.equal(recording.inFlight, 0);
  });

  it('keeps a status apart from the same one where it was not expected', () => {
    const { recording, flow } = setUp();
    for (const isExpected of [true, false, true]) {
      recording.answered(flow, 404, isExpected, 0, 0, Number.NaN);
    }
    const statuses = recording.take().series[0]?.statuses ?? [];
    assert.deepEqual(
      statuses.map(({ status, isFailure, count }) => [status, isFailure, count]),
      [
        ['404', false, 2],
        ['404', true, 1],
      ],
    );
  });

  it('counts arrivals, those begun more than 10 ms late, and those dropped', () => {
    const { recording, flow } = setUp();
    for (const delayMs of [0, 10, 10.1, 50]) recording.arrived(delayMs);
    recording.dropped(flow);
    const taken = recording.take();
    assert.equal(taken.arrivals, 5);
    assert.equal(taken.late, 2);
    assert.deepEqual(read(taken.sendDelay), [4, 50]);
    assert.equal(taken.series[0]?.dropped, 1);
    assert.deepEqual(read(taken.series[0]?.penalty), [1, LIMIT_MS]);
    assert.equal(taken.started, 0);
    assert.equal(taken.inFlight, 0);
  });

  it('takes back what is begun anew, and ends what was held without an outcome', () => {
    const { recording, flow } = setUp();
    recording.started(flow);
    recording.withdrawn(flow);
    recording.started(flow);
    assert.equal(recording.inFlight, 1);
    recording.held(flow);
    const taken = recording.take();
    assert.equal(taken.started, 1);
    assert.equal(taken.inFlight, 0);
    assert.deepEqual(taken.series[0]?.statuses, []);
  });

  it('counts steps as requests, but not as flows', () => {
    const { recording } = setUp();
    const step = recording.series('flow › step', 'step');
    assert.equal(recording.series('flow › step', 'step'), step);
    recording.started(step);
    recording.answered(step, 200, true, 0, 0, Number.NaN);
    recording.failed(step, 'reset', 0, 0);
    recording.withdrawn(step);
    recording.held(step);
    const taken = recording.take();
    assert.equal(taken.started, 0);
    assert.equal(taken.inFlight, 0);
    assert.equal(taken.series[1]?.statuses.length, 2);
  });

  it('starts anew when it was taken, but for what still is', () => {
    const { recording, flow } = setUp();
    recording.started(flow);
    recording.started(flow);
    recording.arrived(50);
    recording.dropped(flow);
    recording.received(9);
    recording.connections(3);
    recording.connections(-1);
    recording.connected(flow, 4);
    recording.answered(flow, 200, true, 0, 0, Number.NaN);
    const first = recording.take();
    assert.equal(first.receivedBytes, 9);
    assert.equal(first.connections, 2);
    assert.deepEqual(read(first.series[0]?.connect), [1, 4]);
    const { series, sendDelay, ...rest } = recording.take();
    assert.deepEqual(rest, {
      arrivals: 0,
      started: 0,
      late: 0,
      receivedBytes: 0,
      inFlight: 1,
      connections: 2,
    });
    assert.equal(sendDelay.length, 0);
    const empty = new Float64Array();
    assert.deepEqual(series, [
      { name: 'flow', kind: 'plain', dropped: 0, connect: empty, penalty: empty, statuses: [] },
    ]);
    recording.answered(flow, 200, true, 0, 0, Number.NaN);
    assert.equal(statusOf(recording.take(), '200')?.count, 1);
  });
});
