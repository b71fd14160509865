import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { enter, type RequestRecord, type Stage, Stopwatch, stages } from './request.ts';

function createClock() {
  let nowMs = 1_000;
  return {
    now: () => nowMs,
    advance(ms: number) {
      nowMs += ms;
    },
  };
}

/** Milliseconds by stage. */
function totals(stopwatch: Stopwatch): Record<Stage, number> {
  const spentMs = stopwatch.totalsMs();
  const entries = stages.map((stage, i) => [stage, spentMs[i] ?? Number.NaN] as const);
  return Object.fromEntries(entries) as Record<Stage, number>;
}

describe('the stopwatch of a request', () => {
  it('starts in the first stage with nothing spent', () => {
    const stopwatch = new Stopwatch(() => 5);
    assert.deepEqual(totals(stopwatch), Object.fromEntries(stages.map((stage) => [stage, 0])));
  });

  it('adds up what every stage took, those entered twice too', () => {
    const clock = createClock();
    const stopwatch = new Stopwatch(clock.now);
    clock.advance(1);
    stopwatch.enter('exchange');
    clock.advance(20);
    stopwatch.enter('settle');
    clock.advance(2);
    stopwatch.enter('exchange');
    clock.advance(30);
    const spentMs = totals(stopwatch);
    assert.equal(spentMs.begin, 1);
    assert.equal(spentMs.exchange, 50);
    assert.equal(spentMs.settle, 2);
    assert.equal(spentMs.finish, 0);
  });

  it('may be read while it runs', () => {
    const clock = createClock();
    const stopwatch = new Stopwatch(clock.now);
    clock.advance(3);
    assert.equal(totals(stopwatch).begin, 3);
    clock.advance(4);
    assert.equal(totals(stopwatch).begin, 7);
  });

  it('loses no time between stages', () => {
    const step = fc.tuple(fc.constantFrom(...stages), fc.nat({ max: 1_000 }));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const clock = createClock();
        const stopwatch = new Stopwatch(clock.now);
        for (const [stage, ms] of steps) {
          stopwatch.enter(stage);
          clock.advance(ms);
        }
        const sum = Object.values(totals(stopwatch)).reduce((all, ms) => all + ms, 0);
        assert.equal(sum, clock.now() - 1_000);
      }),
    );
  });
});

describe('a request that enters a stage', () => {
  it('is in it, whether or not its time is taken', () => {
    const clock = createClock();
    for (const stopwatch of [undefined, new Stopwatch(clock.now)]) {
      const record = { stage: 'begin', stopwatch } as RequestRecord;
      enter(record, 'route');
      clock.advance(3);
      assert.equal(record.stage, 'route');
      if (stopwatch) assert.equal(totals(stopwatch).route, 3);
    }
  });
});
