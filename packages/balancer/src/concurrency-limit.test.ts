import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Arrivals, exponential, Fleet, type Origin } from './fleet.test-support.ts';

const NO_QUEUE: Origin = { serviceMs: exponential(20) };

/** So many origins of a kind, under these arrivals. */
function fleet(count: number, origin: Origin, ...arrivals: readonly Arrivals[]): Fleet {
  const made = new Fleet(new Array<Origin>(count).fill(origin), 5);
  for (const one of arrivals) made.arrive(one);
  return made;
}

/** The middle one of the limits that the first upstream has in that time. */
function medianLimit(of: Fleet, fromMs: number, untilMs: number): number {
  const limits: number[] = [];
  for (let atMs = fromMs; atMs < untilMs; atMs += 50) {
    of.run(atMs);
    limits.push(of.upstreams[0]?.limit as number);
  }
  limits.sort((a, b) => a - b);
  return limits[limits.length >> 1] as number;
}

describe('concurrency limit', () => {
  describe('without a queue in the upstream there is none', () => {
    it('at a steady load, light or heavy', () => {
      for (const perSecond of [1, 20, 2_000]) {
        const made = fleet(2, NO_QUEUE, { perSecond, untilMs: 30_000 });
        made.run(30_000);
        assert.deepEqual(made.toldOf('limited'), []);
      }
    });

    it('with a thousand long polls waiting beside the short requests', () => {
      const made = fleet(
        5,
        NO_QUEUE,
        { perSecond: 200, untilMs: 90_000 },
        { perSecond: 40, holdMs: 25_000, fromMs: 5_000, untilMs: 90_000 },
      );
      made.run(60_000);
      assert.ok(made.service.inFlight > 900);
      made.run(90_000);
      assert.deepEqual(made.toldOf('limited'), []);
    });

    it('that costs much, when only long polls are left', () => {
      const made = fleet(
        2,
        NO_QUEUE,
        { perSecond: 200, untilMs: 20_000 },
        { perSecond: 20, holdMs: 25_000, fromMs: 5_000, untilMs: 90_000 },
      );
      made.run(29_000);
      assert.deepEqual(made.toldOf('limited'), []);
      made.run(90_000);
      const served = ['a', 'b'].map((key) => made.count('served', key, 50_000, 90_000));
      assert.ok((served[0] as number) + (served[1] as number) > 0.8 * 20 * 40, `${served}`);
    });

    it('with few short requests among long polls', () => {
      const made = fleet(
        2,
        NO_QUEUE,
        { perSecond: 10, untilMs: 60_000 },
        { perSecond: 2, holdMs: 25_000, fromMs: 5_000, untilMs: 60_000 },
      );
      made.run(60_000);
      assert.deepEqual(made.toldOf('limited'), []);
      assert.equal(made.queue.length, 0);
    });

    it('with bursts of hundreds', () => {
      const made = fleet(2, NO_QUEUE, { perSecond: 100, untilMs: 30_000 });
      for (let fromMs = 5_000; fromMs < 30_000; fromMs += 5_000) {
        made.arrive({ perSecond: 300_000, fromMs, untilMs: fromMs + 1 });
      }
      made.run(30_000);
      assert.deepEqual(made.toldOf('limited'), []);
    });

    it('when requests take three times as long', () => {
      const serviceMs: Origin['serviceMs'] = (atMs, random) =>
        exponential(atMs < 10_000 ? 20 : 60)(atMs, random);
      const made = fleet(2, { serviceMs }, { perSecond: 240, untilMs: 30_000 });
      made.run(30_000);
      assert.deepEqual(made.toldOf('limited'), []);
    });

    it('for long, when they take ten times as long from one moment to the next', () => {
      for (const perSecond of [120, 600]) {
        const serviceMs: Origin['serviceMs'] = (atMs, random) =>
          exponential(atMs < 10_000 ? 20 : 200)(atMs, random);
        const made = fleet(1, { serviceMs }, { perSecond, untilMs: 30_000 });
        made.run(20_000);
        assert.equal(made.queue.length, 0);
        assert.equal(made.upstreams[0]?.limit, Number.POSITIVE_INFINITY);
        made.run(30_000);
        const served = made.count('served', 'a', 20_000, 30_000);
        assert.ok(served > 8.5 * perSecond, `${served} in ten seconds`);
      }
    });
  });

  it('is not looked for where one is given', () => {
    const made = new Fleet([{ workers: 4, serviceMs: exponential(20) }], 1);
    const [upstream] = made.upstreams;
    if (upstream) upstream.maxInFlight = 500;
    made.arrive({ perSecond: 600, untilMs: 10_000 });
    made.run(10_000);
    assert.equal(upstream?.limit, Number.POSITIVE_INFINITY);
    assert.equal(upstream?.inFlight, 500);
    assert.deepEqual(made.toldOf('limited'), []);
  });

  for (const workers of [1, 4, 16]) {
    it(`with ${workers} workers flooded is some two times them, and costs no throughput`, () => {
      const capacity = workers * 50;
      for (const seed of [1, 2, 3]) {
        const made = new Fleet([{ workers, serviceMs: exponential(20) }], seed);
        made.arrive({ perSecond: 0.6 * capacity, untilMs: 5_000 });
        made.arrive({ perSecond: 3 * capacity, fromMs: 5_000, untilMs: 40_000 });
        made.arrive({ perSecond: 0.6 * capacity, fromMs: 40_000, untilMs: 50_000 });
        const limit = medianLimit(made, 6_000, 40_000);
        assert.ok(limit >= 1.2 * workers && limit <= 4 * workers + 6, `seed ${seed}: ${limit}`);
        const served = made.count('served', 'a', 8_000, 40_000);
        assert.ok(served > 0.9 * 32 * capacity, `seed ${seed}: ${served / 32} of ${capacity}`);

        made.queue.length = 0;
        let lifted = 0;
        for (let atMs = 44_000; atMs < 50_000; atMs += 100) {
          made.run(atMs);
          if (made.upstreams[0]?.limit === Number.POSITIVE_INFINITY) lifted++;
        }
        // A single worker has a queue at 60 % load as well, now and then.
        assert.ok(lifted > 30, `lifted in ${lifted} of 60 looks afterwards`);
        assert.ok(made.queue.length <= 1);
      }
    });
  }

  it('takes failing answers for answers, not for a queue', () => {
    const failing = (atMs: number) => (atMs > 5_000 && atMs < 10_000 ? 1 : 0);
    const made = fleet(3, { ...NO_QUEUE, failing }, { perSecond: 360, untilMs: 15_000 });
    made.run(15_000);
    assert.deepEqual(made.toldOf('limited'), []);
  });
});
