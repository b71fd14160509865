import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { FlowOwner } from './flows/running-flow.ts';
import { OpenDriver, type OpenDriverOptions } from './open-driver.ts';
import { Recording } from './recording.ts';

/** Arrivals at these times of the run, on a clock that the test moves. */
function setUp(t: TestContext, timesMs: number[], options: Partial<OpenDriverOptions> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const clock = { nowMs: 5_000 };
  const now = () => clock.nowMs;
  const recording = new Recording(now, 1_000);
  const series = recording.series('flow', 'plain');
  const begun: { intendedMs: number; atMs: number; owner: FlowOwner; user: unknown }[] = [];
  const flow = {
    begin(intendedMs: number, owner: FlowOwner, user: unknown) {
      recording.started(series);
      begun.push({ intendedMs, atMs: now(), owner, user });
    },
    async close() {},
  };
  let index = 0;
  const scales: [fromMs: number, scale: number][] = [];
  const arrivals = {
    peek: () => ({ index, atMs: timesMs[index] ?? Number.POSITIVE_INFINITY }),
    take: () => ({ index, atMs: timesMs[index++] as number }),
    scaleFrom: (fromMs: number, scale: number) => void scales.push([fromMs, scale]),
  };
  const driver = new OpenDriver({
    arrivals,
    flows: [{ flow, series }],
    choose: () => 0,
    userAt: (arrival) => `user ${arrival}`,
    recording,
    maxInFlight: 1_000,
    durationMs: 10_000,
    originMs: 5_000,
    now,
    ...options,
  });
  t.after(() => driver.stop());
  /** Time passes a millisecond at a time. */
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i++) {
      clock.nowMs++;
      t.mock.timers.tick(1);
    }
  };
  return { driver, begun, recording, series, clock, pass, scales, timesMs };
}

describe('an open driver', () => {
  it('begins every arrival when it is due, whatever became of those before', (t) => {
    const { driver, begun, recording, pass } = setUp(t, [0, 3, 3, 50, 400]);
    driver.start();
    pass(500);
    assert.equal(begun.length, 5);
    for (const [i, dueMs] of [0, 3, 3, 50, 400].entries()) {
      const { intendedMs = 0, atMs = 0, user } = begun[i] ?? {};
      assert.ok(Math.abs(atMs - 5_000 - dueMs) <= 1, `${atMs}`);
      assert.ok(Math.abs(intendedMs - 5_000 - dueMs) <= 1, `${intendedMs}`);
      assert.equal(user, `user ${i}`);
    }
    const taken = recording.take();
    assert.equal(taken.arrivals, 5);
    assert.equal(taken.late, 0);
  });

  it('begins late what it could not begin in time, and counts from when it was due', (t) => {
    const { driver, begun, recording, clock } = setUp(t, [10, 20, 95]);
    driver.start();
    clock.nowMs += 100;
    t.mock.timers.tick(100);
    assert.deepEqual(
      begun.map(({ intendedMs, atMs }) => [intendedMs, atMs]),
      [
        [5_010, 5_100],
        [5_020, 5_100],
        [5_095, 5_100],
      ],
    );
    assert.equal(recording.take().late, 2);
  });

  it('drops what would be more in flight than allowed', (t) => {
    const { driver, begun, recording, series, pass } = setUp(t, [0, 1, 2, 30], { maxInFlight: 2 });
    driver.start();
    pass(10);
    assert.equal(begun.length, 2);
    recording.answered(series, 200, true, 0, 0, 0);
    pass(30);
    assert.equal(begun.length, 3);
    const taken = recording.take();
    assert.equal(taken.arrivals, 4);
    assert.equal(taken.series[0]?.dropped, 1);
  });

  it('begins nothing after the end', (t) => {
    const { driver, begun, pass } = setUp(t, [0, 50, 99, 100, 101], { durationMs: 100 });
    driver.start();
    pass(60);
    assert.equal(begun.length, 2);
    pass(100);
    assert.equal(begun.length, 3);
  });

  it('begins nothing once it is stopped', (t) => {
    const { driver, begun, pass } = setUp(t, [0, 50]);
    driver.start();
    driver.stop();
    driver.scaleFrom(0, 2);
    pass(60);
    assert.equal(begun.length, 1);
  });

  it('looks at the arrivals again when they are scaled', (t) => {
    const { driver, begun, pass, scales, timesMs } = setUp(t, [Number.POSITIVE_INFINITY]);
    driver.start();
    pass(20);
    timesMs[0] = 30;
    driver.scaleFrom(20, 4);
    assert.deepEqual(scales, [[20, 4]]);
    pass(20);
    assert.equal(begun.length, 1);
  });
});
