import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compare, correctionOf, handicapOf, isQuick, slownessOf } from './correction.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** Enough to know it well. */
const MANY = 200;

/** An upstream with so many milliseconds of latency, from so many answers. */
function withLatency(key: string, latencyMs: number, zone?: string, answers = MANY): Upstream {
  const upstream = createUpstream({ key, zone });
  for (let i = 0; i < answers; i++) {
    upstream.latency.ask();
    upstream.latency.hear(10 * i, 10 * i + 5);
    upstream.latency.observe(latencyMs, false, 10 * i + 5);
  }
  return upstream;
}

function correctionsOf(upstreams: readonly Upstream[], zone?: string, nowMs = 10 * MANY): number[] {
  const comparison = compare(upstreams, zone, new Float64Array(upstreams.length), nowMs);
  return upstreams.map((one) => {
    return correctionOf(one, slownessOf(one, comparison, nowMs));
  });
}

const latencies = (...list: readonly number[]) => list.map((ms, i) => withLatency(`u${i}`, ms));

describe('correction', () => {
  it('is exactly 1 for upstreams that differ no more than by chance', () => {
    assert.deepEqual(correctionsOf(latencies(20, 25, 18, 35, 12)), [1, 1, 1, 1, 1]);
  });

  it('is at least how many times as slow as the median a slow one is', () => {
    const [a, b, c, slow] = correctionsOf(latencies(20, 20, 20, 200));
    assert.deepEqual([a, b, c], [1, 1, 1]);
    assert.ok((slow as number) >= 10 && (slow as number) < 30);
  });

  it('finds the slow one of two, and the slow half', () => {
    const [quick, slow] = correctionsOf(latencies(20, 200));
    assert.ok(quick === 1 && (slow as number) > 5);
    const half = correctionsOf(latencies(20, 20, 200, 200));
    assert.ok(half[0] === 1 && half[1] === 1);
    assert.ok((half[2] as number) > 5 && (half[3] as number) > 5);
  });

  it('is 1 for all when all are slow, or most', () => {
    assert.deepEqual(correctionsOf(latencies(200, 210, 190)), [1, 1, 1]);
    assert.deepEqual(correctionsOf(latencies(20, 200, 200)), [1, 1, 1]);
  });

  it('is 1 while there is nobody to compare with', () => {
    assert.deepEqual(correctionsOf(latencies(200)), [1]);
    assert.deepEqual(
      correctionsOf([createUpstream({ key: 'a' }), withLatency('b', 1_000)]),
      [1, 1],
    );
    assert.deepEqual(correctionsOf([]), []);
  });

  it('sees one that has stopped to answer, and nobody when all have', () => {
    const nowMs = 4_000;
    const stall = (upstream: Upstream) => {
      upstream.waiting = 5;
      upstream.waitingSinceMs = 2_000;
      for (let i = 0; i < 5; i++) upstream.latency.ask();
    };
    const one = latencies(20, 20, 20);
    stall(one[0] as Upstream);
    const [stalled, ...others] = correctionsOf(one, undefined, nowMs);
    assert.ok((stalled as number) > 10);
    assert.deepEqual(others, [1, 1]);

    const all = latencies(20, 20, 20);
    all.forEach(stall);
    assert.deepEqual(correctionsOf(all, undefined, nowMs), [1, 1, 1]);
  });

  it('grows with each failure in a row, up to a bound', () => {
    const upstreams = latencies(20, 20);
    const [a] = upstreams as [Upstream];
    const seen = [0, 1, 2, 3, 50].map((run) => {
      a.detector.ownRun = run;
      return correctionsOf(upstreams)[0] as number;
    });
    const [none, one, two, three, fifty] = seen as [number, number, number, number, number];
    assert.equal(none, 1);
    assert.ok(one > 2 && two > one && three > two && fifty >= three && fifty < 1e4, `${seen}`);
    assert.equal(correctionsOf(upstreams)[1], 1);
  });

  it('leaves zones to the handicap, which those elsewhere have while somebody is here', () => {
    const upstreams = [
      withLatency('a', 20, 'east'),
      withLatency('b', 20, 'west'),
      withLatency('c', 20),
    ];
    const handicaps = (zone?: string) => {
      const comparison = compare(upstreams, zone, new Float64Array(3), 500);
      return upstreams.map((one) => handicapOf(one, comparison));
    };
    const [east, west, nowhere] = handicaps('east');
    assert.ok(east === 0 && nowhere === 0 && (west as number) > 0);
    assert.deepEqual(handicaps('north'), [0, 0, 0]);
    assert.deepEqual(handicaps(), [0, 0, 0]);
    assert.deepEqual(correctionsOf(upstreams, 'east'), [1, 1, 1]);
  });

  it('asks the more of a difference, the fewer answers there are on either side', () => {
    const correctionFor = (ratio: number, usual: number, slow: number) =>
      correctionsOf([
        withLatency('a', 20, undefined, usual),
        withLatency('b', 20 * ratio, undefined, slow),
      ])[1] as number;
    assert.equal(correctionFor(3, 5, 5), 1);
    assert.equal(correctionFor(3, MANY, 5), 1);
    assert.equal(correctionFor(3, 5, MANY), 1);
    assert.ok(correctionFor(3, MANY, MANY) > 3);
    assert.ok(correctionFor(50, 5, 5) > 50);
  });

  it('takes less than a millisecond more for noise, however many times as much it is', () => {
    assert.deepEqual(correctionsOf(latencies(0.1, 0.1, 0.9)), [1, 1, 1]);
    assert.ok((correctionsOf(latencies(0.1, 0.1, 1.5))[2] as number) > 10);
  });

  it('calls an answer quick that is no later than those of others may be', () => {
    const comparison = compare(latencies(20, 20), undefined, new Float64Array(2), 10 * MANY);
    assert.deepEqual(
      [0, 20, 39, 41].map((ms) => isQuick(ms, comparison)),
      [true, true, true, false],
    );
    const alone = compare(latencies(20), undefined, new Float64Array(1), 10 * MANY);
    assert.equal(isQuick(1, alone), false);
  });
});
