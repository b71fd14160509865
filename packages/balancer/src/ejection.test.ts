import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ejection } from './ejection.ts';

const middle = () => 0.5;

/** Good answers it takes to be in again, one a millisecond from `fromMs` on. */
function answersToReturn(ejection: Ejection, fromMs: number): number {
  for (let count = 1; count < 10_000; count++) {
    if (ejection.progress(true, fromMs + count)) return count;
  }
  return Number.POSITIVE_INFINITY;
}

describe('ejection', () => {
  it('starts in, with nothing held back and no trial due', () => {
    const ejection = new Ejection();
    assert.equal(ejection.presence, 'in');
    assert.equal(ejection.allowance, Number.POSITIVE_INFINITY);
    assert.equal(ejection.isTrialDue(1e9), false);
    assert.equal(ejection.isTrialOverdue(1e9), false);
  });

  it('is due a trial when its time is up, one at a time', () => {
    const ejection = new Ejection();
    ejection.eject(0, middle);
    const { untilMs } = ejection;
    assert.ok(untilMs > 0);
    assert.equal(ejection.isTrialDue(untilMs - 1), false);
    assert.equal(ejection.isTrialDue(untilMs), true);
    ejection.isOnTrial = true;
    assert.equal(ejection.isTrialDue(untilMs), false);
  });

  it('is overdue after as long again', () => {
    const ejection = new Ejection();
    ejection.eject(0, middle);
    const { untilMs } = ejection;
    assert.equal(ejection.isTrialOverdue(untilMs), false);
    assert.equal(ejection.isTrialOverdue(2.1 * untilMs), true);
  });

  it('stays out for twice as long each time, up to a bound', () => {
    const ejection = new Ejection();
    let nowMs = 0;
    const times: number[] = [];
    for (let i = 0; i < 12; i++) {
      ejection.eject(nowMs, middle);
      times.push(ejection.untilMs - nowMs);
      nowMs = ejection.untilMs;
    }
    const [first, second, third] = times as [number, number, number];
    assert.ok(Math.abs(second / first - 2) < 0.01 && Math.abs(third / second - 2) < 0.01);
    assert.equal(times[10], times[11]);
    assert.ok(times.every((ms, i) => i === 0 || ms >= (times[i - 1] as number)));
  });

  it('differs from one to the next, so that many do not return at once', () => {
    const [early, late] = [new Ejection(), new Ejection()];
    early.eject(0, () => 0);
    late.eject(0, () => 0.999);
    assert.ok(late.untilMs > 1.2 * early.untilMs);
    assert.ok(late.untilMs < 2 * early.untilMs);
  });

  it('begins anew after having been in for a while, not at once', () => {
    const ejection = new Ejection();
    ejection.eject(0, middle);
    const first = ejection.untilMs;
    ejection.startReturn(first);
    ejection.admit(first);
    ejection.eject(first + 1, middle);
    assert.ok(ejection.untilMs - (first + 1) > 1.5 * first);
    ejection.admit(10_000);
    ejection.eject(70_000, middle);
    assert.ok(Math.abs(ejection.untilMs - 70_000 - first) < 1);
  });

  it('returns by steps: more at once the more answers went well', () => {
    const ejection = new Ejection();
    ejection.startReturn(0);
    assert.equal(ejection.presence, 'returning');
    const steps = [ejection.allowance];
    let isOver = false;
    for (let i = 1; !isOver; i++) {
      isOver = ejection.progress(true, i);
      if (ejection.allowance !== steps.at(-1)) steps.push(ejection.allowance);
    }
    assert.deepEqual(steps.slice(0, 4), [1, 2, 4, 8]);
    ejection.admit(1_000);
    assert.equal(ejection.presence, 'in');
    assert.equal(ejection.allowance, Number.POSITIVE_INFINITY);
  });

  it('does not go on with answers that were not quick, but ends after some time all the same', () => {
    const ejection = new Ejection();
    ejection.startReturn(0);
    for (let i = 1; i < 1_000; i++) assert.equal(ejection.progress(false, i), false);
    assert.equal(ejection.allowance, 1);
    assert.equal(ejection.progress(false, 60_000), true);
  });

  it('takes as many answers the second time', () => {
    const ejection = new Ejection();
    ejection.startReturn(0);
    const first = answersToReturn(ejection, 0);
    assert.ok(first < 500);
    ejection.admit(first);
    ejection.eject(2_000, middle);
    ejection.startReturn(4_000);
    assert.equal(answersToReturn(ejection, 4_000), first);
  });
});
