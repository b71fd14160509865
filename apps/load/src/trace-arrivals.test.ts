import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TraceArrivals } from './trace-arrivals.ts';

const TIMES_MS = Float64Array.of(0, 10, 10, 30, 40, 50, 60);

function timesUntil(arrivals: TraceArrivals, untilMs = Infinity): number[] {
  const times: number[] = [];
  while (arrivals.peek().atMs < untilMs) times.push(arrivals.take().atMs);
  return times;
}

describe('TraceArrivals', () => {
  it('come at the times of the trace, and then no more', () => {
    const arrivals = new TraceArrivals(TIMES_MS, 0, 1);
    assert.deepEqual(arrivals.peek(), { index: 0, atMs: 0 });
    assert.deepEqual(timesUntil(arrivals), [...TIMES_MS]);
    assert.equal(arrivals.peek().atMs, Infinity);
  });

  it('are shared by the workers in turn', () => {
    const first = new TraceArrivals(TIMES_MS, 0, 2);
    const second = new TraceArrivals(TIMES_MS, 1, 2);
    assert.deepEqual(timesUntil(first), [0, 10, 40, 60]);
    assert.deepEqual(second.take(), { index: 1, atMs: 10 });
    assert.deepEqual(second.take(), { index: 3, atMs: 30 });
  });

  it('do not come at all for a worker that has no share', () => {
    assert.equal(new TraceArrivals(Float64Array.of(5), 1, 2).peek().atMs, Infinity);
  });

  it('keep their pace, whatever the scale', () => {
    const arrivals = new TraceArrivals(TIMES_MS, 0, 1);
    arrivals.scaleFrom(20, 2);
    assert.deepEqual(timesUntil(arrivals), [...TIMES_MS]);
  });

  it('pass over what was due in a pause, but not what was due before it', () => {
    const arrivals = new TraceArrivals(TIMES_MS, 0, 1);
    arrivals.scaleFrom(30, 0);
    assert.deepEqual(timesUntil(arrivals), [0, 10, 10]);
    arrivals.scaleFrom(50, 1);
    assert.deepEqual(timesUntil(arrivals), [50, 60]);
  });

  it('pass over a pause that an untaken arrival comes before', () => {
    const arrivals = new TraceArrivals(TIMES_MS, 0, 1);
    timesUntil(arrivals, 10);
    arrivals.scaleFrom(30, 0);
    arrivals.scaleFrom(50, 1);
    assert.deepEqual(timesUntil(arrivals), [10, 10, 50, 60]);
  });

  it('stay paused when they are paused twice', () => {
    const arrivals = new TraceArrivals(TIMES_MS, 0, 1);
    arrivals.scaleFrom(10, 0);
    arrivals.scaleFrom(40, 0);
    assert.deepEqual(timesUntil(arrivals), [0]);
    arrivals.scaleFrom(60, 1);
    assert.deepEqual(timesUntil(arrivals), [60]);
  });

  it('can be paused again', () => {
    const arrivals = new TraceArrivals(TIMES_MS, 0, 1);
    arrivals.scaleFrom(5, 0);
    arrivals.scaleFrom(20, 1);
    arrivals.scaleFrom(35, 0);
    arrivals.scaleFrom(55, 1);
    assert.deepEqual(timesUntil(arrivals), [0, 30, 60]);
  });
});
