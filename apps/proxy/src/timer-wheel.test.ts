import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createClock, LATE_MS } from './clock.test-support.ts';
import { Deadline, TimerWheel } from './timer-wheel.ts';

/** What the wheel comes round in: 512 ticks of 50 ms. */
const ROUND_MS = 25_600;

/** A deadline that counts how often it came due. */
function counting() {
  const counted = { times: 0, deadline: new Deadline(() => counted.times++) };
  return counted;
}

describe('a deadline', () => {
  for (const delayMs of [0, 1, 49, 50, 51, 1_000, ROUND_MS, 3 * ROUND_MS + 7, 3_600_000]) {
    it(`of ${delayMs} ms is met once, not early and hardly late`, (t) => {
      const { timers, pass } = createClock(t);
      const one = counting();
      timers.set(one.deadline, delayMs);
      pass(delayMs);
      assert.equal(one.times, 0);
      pass(LATE_MS);
      assert.equal(one.times, 1);
      pass(delayMs + 2 * ROUND_MS);
      assert.equal(one.times, 1);
    });
  }

  it('is not met early when the process is busy for the length of a tick', (t) => {
    const { timers, pass, stall } = createClock(t);
    const [one, other] = [counting(), counting()];
    pass(7);
    timers.set(other.deadline, 60_000);
    pass(99);
    stall(49);
    timers.set(one.deadline, 100);
    pass(99);
    assert.equal(one.times, 0);
    pass(LATE_MS);
    assert.equal(one.times, 1);
  });

  it('that is moved later is met later', (t) => {
    const { timers, pass } = createClock(t);
    const one = counting();
    timers.set(one.deadline, 1_000);
    for (let i = 0; i < 5; i++) {
      pass(900);
      timers.set(one.deadline, 1_000);
    }
    pass(1_000);
    assert.equal(one.times, 0);
    pass(LATE_MS);
    assert.equal(one.times, 1);
  });

  it('that is moved by more than a round is met then', (t) => {
    const { timers, pass } = createClock(t);
    const one = counting();
    timers.set(one.deadline, 1_000);
    timers.set(one.deadline, ROUND_MS + 1_000);
    pass(ROUND_MS + 1_000);
    assert.equal(one.times, 0);
    pass(LATE_MS);
    assert.equal(one.times, 1);
  });

  it('that is moved earlier is met earlier, and not again', (t) => {
    const { timers, pass } = createClock(t);
    const one = counting();
    timers.set(one.deadline, 60_000);
    timers.set(one.deadline, 100);
    pass(100 + LATE_MS);
    assert.equal(one.times, 1);
    pass(60_000 + LATE_MS);
    assert.equal(one.times, 1);
  });

  for (const end of ['clear', 'remove'] as const) {
    it(`does not come due after ${end}, and may be set again`, (t) => {
      const { timers, pass } = createClock(t);
      const one = counting();
      timers.set(one.deadline, 100);
      timers[end](one.deadline);
      pass(ROUND_MS + 100);
      assert.equal(one.times, 0);
      timers.set(one.deadline, 100);
      timers[end](one.deadline);
      timers.set(one.deadline, 200);
      pass(200);
      assert.equal(one.times, 0);
      pass(LATE_MS);
      assert.equal(one.times, 1);
    });

    it(`may be given to ${end} though it was never set`, (t) => {
      const { timers, pass } = createClock(t);
      const [one, other] = [counting(), counting()];
      timers.set(other.deadline, 100);
      timers[end](one.deadline);
      timers[end](one.deadline);
      pass(100 + LATE_MS);
      assert.deepEqual([one.times, other.times], [0, 1]);
    });
  }

  it('may be set again from its own call', (t) => {
    const { timers, pass } = createClock(t);
    let times = 0;
    const again: Deadline = new Deadline(() => {
      times++;
      timers.set(again, 100);
    });
    timers.set(again, 100);
    pass(10 * (100 + LATE_MS));
    assert.ok(times >= 10, `${times} times`);
    assert.ok(times <= 10 * (1 + LATE_MS / 100), `${times} times`);
    timers.remove(again);
  });
});

describe('deadlines together', () => {
  it('are each met once after a long pause of the process, if they are due by then', (t) => {
    const { timers, pass, stall } = createClock(t);
    const delays = [10, 1_000, ROUND_MS, 2 * ROUND_MS + 50, 500_000, 600_000];
    const all = delays.map((delayMs) => {
      const one = counting();
      timers.set(one.deadline, delayMs);
      return one;
    });
    const times = () => all.map((one) => one.times);
    stall(550_000);
    pass(50);
    assert.deepEqual(times(), [1, 1, 1, 1, 1, 0]);
    pass(50_000 + LATE_MS);
    assert.deepEqual(times(), [1, 1, 1, 1, 1, 1]);
  });

  for (const end of ['clear', 'remove'] as const) {
    it(`may ${end} each other at the last moment`, (t) => {
      const { timers, pass } = createClock(t);
      const met: string[] = [];
      const pair: Deadline[] = [
        new Deadline(() => {
          met.push('first');
          timers[end](pair[1] as Deadline);
        }),
        new Deadline(() => {
          met.push('second');
          timers[end](pair[0] as Deadline);
        }),
      ];
      for (const deadline of pair) timers.set(deadline, 100);
      pass(100 + LATE_MS);
      assert.equal(met.length, 1, 'whichever is met first takes the other back');
      pass(ROUND_MS + LATE_MS);
      assert.equal(met.length, 1);
    });
  }

  it('may set new ones, which wait their time', (t) => {
    const { timers, pass } = createClock(t);
    const late = counting();
    const early = new Deadline(() => timers.set(late.deadline, 1_000));
    timers.set(early, 100);
    pass(1_100);
    assert.equal(late.times, 0);
    pass(2 * LATE_MS);
    assert.equal(late.times, 1);
  });

  it('keep to their times whatever is set, moved and taken back', (t) => {
    const { timers, now, pass } = createClock(t);
    const which = fc.nat({ max: 3 });
    const delay = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 3 * ROUND_MS }));
    const act = fc.oneof(
      fc.record({ do: fc.constant('set' as const), which, ms: delay }),
      fc.record({ do: fc.constantFrom('clear' as const, 'remove' as const), which }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 400 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const dueMs = new Map<Deadline, number>();
        const all: Deadline[] = Array.from({ length: 4 }, () => {
          const one: Deadline = new Deadline(() => {
            const due = dueMs.get(one);
            assert.ok(due !== undefined, 'met though nothing was set');
            assert.ok(now() >= due, `${due - now()} ms early`);
            assert.ok(now() <= due + LATE_MS, `${now() - due} ms late`);
            dueMs.delete(one);
          });
          return one;
        });
        for (const each of acts) {
          if (each.do === 'pass') {
            pass(each.ms);
            continue;
          }
          const one = all[each.which] as Deadline;
          if (each.do === 'set') {
            timers.set(one, each.ms);
            dueMs.set(one, now() + each.ms);
          } else {
            timers[each.do](one);
            dueMs.delete(one);
          }
        }
        pass(3 * ROUND_MS + LATE_MS);
        assert.equal(dueMs.size, 0, 'one was never met');
      }),
      { numRuns: 60 },
    );
  });
});

describe('the timer of a wheel', () => {
  it('runs while there is a deadline, and only then', (t) => {
    const clock = createClock(t);
    const { timers } = clock;
    const [one, other] = [counting(), counting()];
    assert.equal(clock.isTicking, false);
    for (let i = 0; i < 2; i++) {
      timers.set(one.deadline, 1_000);
      timers.set(other.deadline, 500);
      assert.equal(clock.isTicking, true);
      timers.remove(one.deadline);
      assert.equal(clock.isTicking, true);
      clock.pass(500 + LATE_MS);
      assert.equal(other.times, i + 1);
      assert.equal(clock.isTicking, false);
    }
  });

  it('stops some time after the last deadline was cleared', (t) => {
    const clock = createClock(t);
    const one = counting();
    clock.timers.set(one.deadline, 1_000);
    clock.timers.clear(one.deadline);
    clock.pass(ROUND_MS);
    assert.equal(clock.isTicking, false);
  });

  it('keeps no process alive', () => {
    const active = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const timers = new TimerWheel(() => performance.now());
    const before = active();
    const { deadline } = counting();
    timers.set(deadline, 60_000);
    assert.equal(active(), before);
    timers.remove(deadline);
  });
});

describe('deadlines that are due together', () => {
  it('may have each other wait at the last moment', (t) => {
    const { timers, pass } = createClock(t);
    const met: string[] = [];
    const pair: Deadline[] = [
      new Deadline(() => {
        if (met.push('first') === 1) timers.set(pair[1] as Deadline, 1_000);
      }),
      new Deadline(() => {
        if (met.push('second') === 1) timers.set(pair[0] as Deadline, 1_000);
      }),
    ];
    for (const deadline of pair) timers.set(deadline, 100);
    pass(100 + LATE_MS);
    assert.equal(met.length, 1);
    pass(1_000 + LATE_MS);
    assert.equal(met.length, 2);
    assert.equal(new Set(met).size, 2);
  });

  it('may clear each other at the last moment and be set again', (t) => {
    const { timers, pass } = createClock(t);
    const met: number[] = [];
    const pair: Deadline[] = [0, 1].map(
      (i) =>
        new Deadline(() => {
          met.push(i);
          if (met.length === 1) timers.clear(pair[1 - i] as Deadline);
        }),
    );
    for (const deadline of pair) timers.set(deadline, 100);
    pass(100 + LATE_MS);
    assert.equal(met.length, 1);
    timers.set(pair[1 - (met[0] as number)] as Deadline, 1_000);
    pass(1_000 + LATE_MS);
    assert.equal(met.length, 2);
  });
});
