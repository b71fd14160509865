/** What a service does about upstreams that are slow, dead, failing or away, in virtual time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exponential, Fleet, type Origin } from './fleet.test-support.ts';
import { policyNames } from './policy.ts';

/** Requests per second for each upstream. */
const EACH = 120;

const good: Origin = { workers: 4, serviceMs: exponential(20) };

/** Nine good origins and one of another kind, keyed j. */
function nineAnd(other: Origin, seed = 1): Fleet {
  return new Fleet([...new Array<Origin>(9).fill(good), other], seed);
}

function slowBetween(fromMs: number, untilMs: number, times: number): Origin['serviceMs'] {
  return (atMs, random) =>
    exponential(atMs >= fromMs && atMs < untilMs ? 20 * times : 20)(atMs, random);
}

const between = (fromMs: number, untilMs: number, share: number) => (atMs: number) =>
  atMs >= fromMs && atMs < untilMs ? share : 0;

/** How far the busiest of them is from the mean, as a factor, in that time. */
function unevenness(fleet: Fleet, fromMs: number, untilMs: number): number {
  const counts = fleet.upstreams.map(({ key }) => fleet.count('picked', key, fromMs, untilMs));
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return Math.max(...counts.map((count) => Math.max(count / mean, mean / count)));
}

describe('under load', () => {
  it('upstreams share by weight', () => {
    const origins = [1, 2, 3, 4].map(
      (weight): Origin => ({ ...good, workers: 4 * weight, weight }),
    );
    const fleet = new Fleet(origins, 1);
    fleet.arrive({ perSecond: 1_200, untilMs: 20_000 });
    fleet.run(20_000);
    for (const { key, weight } of fleet.upstreams) {
      const share = fleet.count('picked', key, 0, 20_000) / 24_000;
      assert.ok(Math.abs(share - weight / 10) < 0.02, `${key}: ${share}`);
    }
  });

  it('the same seed gives the same picks and events, another one others', () => {
    const run = (seed: number) => {
      const fleet = nineAnd({ ...good, failing: between(2_000, 4_000, 0.5) }, seed);
      fleet.arrive({ perSecond: 10 * EACH, untilMs: 8_000 });
      fleet.run(8_000);
      return { told: fleet.told, picked: fleet.picked };
    };
    assert.deepEqual(run(1), run(1));
    assert.notDeepEqual(run(1).picked, run(2).picked);
  });

  it('everything stays counted, and nothing is left over', () => {
    const fleet = nineAnd({ ...good, failing: between(2_000, 4_000, 0.5) });
    fleet.arrive({ perSecond: 10 * EACH, untilMs: 8_000 });
    fleet.run(20_000);
    assert.equal(fleet.service.inFlight, 0);
    for (const { inFlight, waiting } of fleet.upstreams) assert.equal(inFlight + waiting, 0);
  });
});

describe('one slow upstream', () => {
  const fleet = nineAnd({ workers: 4, serviceMs: slowBetween(10_000, 30_000, 10) });
  fleet.arrive({ perSecond: 10 * EACH, untilMs: 45_000 });
  fleet.run(45_000);

  it('gets its share before', () => {
    assert.ok(fleet.count('picked', 'j', 5_000, 10_000) > 0.8 * 5 * EACH);
  });

  it('gets little, but never nothing for long', () => {
    const picked = fleet.count('picked', 'j', 12_000, 30_000);
    assert.ok(picked < 0.1 * 18 * EACH, `${picked}`);
    for (let atMs = 12_000; atMs < 30_000; atMs += 6_000) {
      assert.ok(fleet.count('picked', 'j', atMs, atMs + 6_000) > 0, `from ${atMs}`);
    }
  });

  it('is told about, and so is its recovery; nobody else is', () => {
    const told = fleet.told.filter(({ key }) => key === 'j').map(({ what }) => what);
    assert.equal(told[0], 'slow');
    assert.equal(told.at(-1), 'no longer slow');
    assert.deepEqual(
      fleet.toldOf('slow', 'ejected').filter((key) => key !== 'j'),
      [],
    );
  });

  it('has its share back within five seconds of its recovery', () => {
    const picked = fleet.count('picked', 'j', 35_000, 40_000);
    assert.ok(picked > 0.85 * 5 * EACH, `${picked}`);
  });
});

describe('one dead upstream', () => {
  const fleet = nineAnd({
    workers: 4,
    serviceMs: (atMs, random) =>
      atMs < 10_000 || atMs > 20_000 ? exponential(20)(atMs, random) : 1,
    failing: between(10_000, 20_000, 1),
  });
  fleet.arrive({ perSecond: 10 * EACH, untilMs: 50_000 });
  fleet.run(50_000);

  it('is out after a few failures, and costs few more', () => {
    assert.equal(fleet.toldOf('ejected')[0], 'j');
    assert.ok(fleet.failed <= 15, `${fleet.failed} failures`);
  });

  it('comes back after its recovery, by steps', () => {
    const told = fleet.told.filter(({ atMs }) => atMs > 20_000).map(({ what }) => what);
    assert.deepEqual(told.slice(-2), ['returning', 'readmitted']);
    assert.ok(fleet.count('picked', 'j', 40_000, 50_000) > 0.8 * 10 * EACH);
  });

  it('takes nobody with it', () => {
    assert.deepEqual(
      fleet.toldOf('ejected', 'slow').filter((key) => key !== 'j'),
      [],
    );
  });
});

describe('one that fails half of the time', () => {
  it('costs few failures, without a single retry', () => {
    let failed = 0;
    for (let seed = 1; seed <= 5; seed++) {
      const fleet = nineAnd({ ...good, failing: between(5_000, 35_000, 0.5) }, seed);
      fleet.arrive({ perSecond: 10 * EACH, untilMs: 35_000 });
      fleet.run(36_000);
      assert.equal(fleet.toldOf('ejected')[0], 'j');
      failed += fleet.failed;
    }
    assert.ok(failed / 5 < 40, `${failed / 5} of 36,000`);
  });
});

describe('all alike', () => {
  it('background errors of 1 % take nobody out and move hardly anything', () => {
    const fleet = new Fleet(new Array<Origin>(10).fill({ ...good, failing: () => 0.01 }), 1);
    fleet.arrive({ perSecond: 10 * EACH, untilMs: 120_000 });
    fleet.run(120_000);
    assert.deepEqual(fleet.toldOf('ejected', 'slow'), []);
    assert.ok(unevenness(fleet, 0, 120_000) < 1.05);
  });

  for (const count of [2, 3, 10]) {
    it(`${count} failing together are all kept, and share as before and after`, () => {
      const origin = { ...good, failing: between(5_000, 15_000, 1) };
      const fleet = new Fleet(new Array<Origin>(count).fill(origin), 3);
      fleet.arrive({ perSecond: count * EACH, untilMs: 25_000 });
      fleet.run(25_000);
      assert.deepEqual(fleet.told, []);
      for (const fromMs of [0, 6_000, 16_000]) {
        assert.ok(unevenness(fleet, fromMs, fromMs + 9_000) < 1.25, `from ${fromMs}`);
      }
    });
  }

  it('failing together half of the time they are kept as well', () => {
    const origin = { ...good, failing: between(5_000, 15_000, 0.5) };
    const fleet = new Fleet(new Array<Origin>(10).fill(origin), 3);
    fleet.arrive({ perSecond: 10 * EACH, untilMs: 25_000 });
    fleet.run(25_000);
    assert.deepEqual(fleet.toldOf('ejected', 'slow'), []);
    assert.ok(unevenness(fleet, 5_000, 15_000) < 1.25);
  });

  it('slow together nobody is corrected', () => {
    const serviceMs = slowBetween(5_000, 15_000, 10);
    const fleet = new Fleet(new Array<Origin>(5).fill({ serviceMs }), 1);
    fleet.arrive({ perSecond: 5 * EACH, untilMs: 20_000 });
    for (let atMs = 8_000; atMs < 15_000; atMs += 500) {
      fleet.run(atMs);
      assert.deepEqual(fleet.toldOf('slow', 'ejected'), []);
    }
    fleet.run(20_000);
    assert.ok(unevenness(fleet, 8_000, 15_000) < 1.15);
  });

  it('rare requests make nobody look slow by chance', () => {
    const fleet = new Fleet(new Array<Origin>(10).fill(good), 1);
    fleet.arrive({ perSecond: 3, untilMs: 600_000 });
    fleet.run(600_000);
    // Ten minutes of ten upstreams.
    const told = fleet.toldOf('slow').length;
    assert.ok(told <= 30, `${told} times`);
  });
});

describe('an upstream that returns', () => {
  it('gets more at once only as those it has go well', () => {
    const fleet = nineAnd({ ...good, failing: between(2_000, 6_000, 1) });
    const upstream = fleet.upstreams[9] as (typeof fleet.upstreams)[0];
    fleet.arrive({ perSecond: 10 * EACH, untilMs: 30_000 });
    let most = 0;
    for (let atMs = 0; atMs < 30_000; atMs += 5) {
      fleet.run(atMs);
      if (upstream.ejection.presence !== 'returning') continue;
      assert.ok(upstream.waiting <= upstream.ejection.allowance);
      most = Math.max(most, upstream.ejection.allowance);
    }
    assert.ok(most >= 4);
    assert.equal(upstream.ejection.presence, 'in');
  });

  it('from being switched off is let in by steps too', () => {
    const fleet = nineAnd(good);
    const upstream = fleet.upstreams[9] as (typeof fleet.upstreams)[0];
    fleet.arrive({ perSecond: 10 * EACH, untilMs: 10_000 });
    upstream.isDisabled = true;
    fleet.service.refresh(0);
    fleet.run(5_000);
    assert.equal(upstream.requests, 0);
    upstream.isDisabled = false;
    fleet.service.refresh(5_000);
    assert.equal(upstream.ejection.presence, 'returning');
    assert.equal(upstream.limit, 1);
    fleet.run(10_000);
    assert.equal(upstream.ejection.presence, 'in');
    assert.ok(fleet.count('picked', 'j', 7_000, 10_000) > 0.8 * 3 * EACH);
  });
});

describe('nobody starves', () => {
  for (const policy of policyNames) {
    it(`${policy}: each gets requests all the time, the slow and the failing one as well`, () => {
      const origins: readonly Origin[] = [
        good,
        good,
        good,
        { workers: 4, serviceMs: exponential(300) },
        { ...good, failing: () => 0.2 },
      ];
      const fleet = new Fleet(origins, 1, policy);
      fleet.arrive({ perSecond: 200, untilMs: 200_000 });
      fleet.run(200_000);
      // The longest time out is half a minute, and a fifth more.
      for (let atMs = 0; atMs < 200_000; atMs += 40_000) {
        for (const { key } of fleet.upstreams) {
          assert.ok(fleet.count('picked', key, atMs, atMs + 40_000) > 0, `${key} from ${atMs}`);
        }
      }
    });
  }
});
