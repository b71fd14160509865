import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createHedging } from './hedge.ts';
import type { Random } from './random.ts';
import { seededRandom } from './seeded-random.test.ts';

describe('hedging', () => {
  it('knows no delay before a hundred latencies', () => {
    const hedging = createHedging();
    for (let i = 0; i < 99; i++) hedging.record(20, i);
    assert.equal(hedging.delayMs(99), undefined);
    hedging.record(20, 99);
    assert.ok(Math.abs((hedging.delayMs(99) as number) - 20) < 1);
  });

  it('forgets it when there have been no requests for long', () => {
    const hedging = createHedging();
    for (let i = 0; i < 100; i++) hedging.record(20, 0);
    assert.equal(hedging.delayMs(60_000), undefined);
  });

  it('waits for 5 ms at least', () => {
    const hedging = createHedging();
    for (let i = 0; i < 200; i++) hedging.record(0.5, 0);
    assert.equal(hedging.delayMs(0), 5);
  });

  it('does not hedge while the service is busy, and pays nothing for that', () => {
    const hedging = createHedging({ burst: 1 });
    assert.equal(hedging.mayHedge(true), false);
    assert.equal(hedging.mayHedge(false), true);
    assert.equal(hedging.mayHedge(false), false);
  });

  it('property: hedges stay within the burst and 2 % of the requests, in whatever order', () => {
    const requests = fc.nat(200);
    const hedges = fc.nat(30);
    fc.assert(
      fc.property(fc.array(fc.tuple(requests, hedges)), (script) => {
        const hedging = createHedging();
        let sent = 0;
        let hedged = 0;
        for (const [more, wanted] of script) {
          for (let i = 0; i < more; i++) hedging.deposit();
          sent += more;
          for (let i = 0; i < wanted; i++) if (hedging.mayHedge(false)) hedged++;
          assert.ok(hedged <= 10 + 0.02 * sent);
        }
      }),
    );
  });
});

interface Played {
  readonly delaysMs: readonly number[];
  readonly hedgeShare: number;
  readonly p999Ms: number;
}

/** Requests one a millisecond, hedged as the edge would: the slower attempt is given up. */
function play(requests: number, latencyMs: (at: number, random: Random) => number): Played {
  const random = seededRandom(7);
  const hedging = createHedging();
  const pending: { readonly atMs: number; readonly latencyMs: number }[] = [];
  const delaysMs: number[] = [];
  const seenMs: number[] = [];
  let hedges = 0;
  for (let nowMs = 0; nowMs < requests; nowMs++) {
    hedging.deposit();
    const firstMs = latencyMs(nowMs, random);
    const delayMs = hedging.delayMs(nowMs);
    let doneMs = firstMs;
    if (delayMs !== undefined) {
      delaysMs.push(delayMs);
      if (firstMs > delayMs && hedging.mayHedge(false)) {
        hedges++;
        doneMs = Math.min(firstMs, delayMs + latencyMs(nowMs, random));
      }
    }
    seenMs.push(doneMs);
    // What it is told, it is told when the answer is there.
    pending.push({ atMs: nowMs + doneMs, latencyMs: doneMs });
    for (let i = pending.length - 1; i >= 0; i--) {
      const one = pending[i] as (typeof pending)[number];
      if (one.atMs > nowMs) continue;
      hedging.record(one.latencyMs, nowMs);
      pending.splice(i, 1);
    }
  }
  seenMs.sort((a, b) => a - b);
  const p999Ms = seenMs[Math.floor(requests * 0.999)] as number;
  return { delaysMs, hedgeShare: hedges / requests, p999Ms };
}

const exponential = (meanMs: number, random: Random) => -meanMs * Math.log(1 - random());

describe('hedging in a closed loop', () => {
  it('keeps a steady delay and uses about its budget, although hedges cut the tail', () => {
    const paused = (_: number, random: Random) =>
      random() < 0.01 ? 200 + exponential(20, random) : exponential(20, random);
    const { delaysMs, hedgeShare, p999Ms } = play(60_000, paused);
    const settled = delaysMs.slice(20_000);
    const [least, most] = [Math.min(...settled), Math.max(...settled)];
    // Without hedges 1.5 % of these latencies are above 106 ms.
    assert.ok(least > 85 && most < 135, `from ${least} to ${most} ms`);
    assert.ok(hedgeShare > 0.01 && hedgeShare <= 0.021, `${hedgeShare} hedged`);
    assert.ok(p999Ms < 200, `p99.9 ${p999Ms} ms`);
  });

  it('follows when everything becomes slower, and back', () => {
    const changing = (at: number, random: Random) =>
      exponential(at >= 20_000 && at < 40_000 ? 80 : 20, random);
    const { delaysMs, hedgeShare } = play(80_000, changing);
    const delayAt = (at: number) => delaysMs[at - 80_000 + delaysMs.length] as number;
    // 1.5 % are above 4.2 times the mean.
    for (const [at, expectedMs] of [
      [19_000, 84],
      [39_000, 336],
      [79_000, 84],
    ] as const) {
      const ratio = delayAt(at) / expectedMs;
      assert.ok(ratio > 0.8 && ratio < 1.25, `${delayAt(at)} ms after ${at}`);
    }
    // 2 s of at most 22 s remembered: of such a mixture 1.5 % are above 144 ms.
    assert.ok(delayAt(22_000) > 120, `${delayAt(22_000)} ms after two seconds`);
    assert.ok(hedgeShare <= 0.021);
  });
});
