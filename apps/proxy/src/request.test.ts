import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { enter, type RequestRecord, Stopwatch, stages } from './request.ts';

function createClock() {
  let nowMs = 1_000;
  return {
    now: () => nowMs,
    advance(ms: number) {
      nowMs += ms;
    },
  };
}

describe('the stopwatch of a request', () => {
  it('starts in the first stage with nothing spent', () => {
    const stopwatch = new Stopwatch(() => 5);
    assert.deepEqual(stopwatch.totals(), Object.fromEntries(stages.map((stage) => [stage, 0])));
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
    const totals = stopwatch.totals();
    assert.equal(totals.begin, 1);
    assert.equal(totals.exchange, 50);
    assert.equal(totals.settle, 2);
    assert.equal(totals.finish, 0);
  });

  it('may be read while it runs', () => {
    const clock = createClock();
    const stopwatch = new Stopwatch(clock.now);
    clock.advance(3);
    assert.equal(stopwatch.totals().begin, 3);
    clock.advance(4);
    assert.equal(stopwatch.totals().begin, 7);
  });

  it('rounds to microseconds', () => {
    const clock = createClock();
    const stopwatch = new Stopwatch(clock.now);
    clock.advance(0.123_456);
    assert.equal(stopwatch.totals().begin, 0.123);
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
        const sum = Object.values(stopwatch.totals()).reduce((all, ms) => all + ms, 0);
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
      if (stopwatch) assert.equal(stopwatch.totals().route, 3);
    }
  });
});
