import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LatencyEstimate } from './latency-estimate.ts';
import { seededRandom } from './seeded-random.test.ts';

/** An upstream that answers one request after the other, `gapMs` apart, from `fromMs` on. */
function answers(
  estimate: LatencyEstimate,
  count: number,
  { latencyMs = (): number => 20, gapMs = 10, fromMs = 0, isAvoided = false } = {},
): number {
  let nowMs = fromMs;
  for (let i = 0; i < count; i++) {
    nowMs += gapMs;
    const ms = latencyMs();
    estimate.ask();
    estimate.hear(nowMs - ms, nowMs);
    estimate.observe(ms, isAvoided, nowMs);
  }
  return nowMs;
}

const msOf = (estimate: LatencyEstimate) => Math.exp(estimate.lnMs);

function near(actual: number, expected: number, ratio: number): void {
  assert.ok(actual > expected / ratio && actual < expected * ratio, `${actual}, not ${expected}`);
}

describe('latency estimate', () => {
  it('says nothing before a few answers', () => {
    const estimate = new LatencyEstimate();
    assert.equal(estimate.isKnown, false);
    answers(estimate, 1);
    assert.equal(estimate.isKnown, false);
    answers(estimate, 20);
    assert.equal(estimate.isKnown, true);
    near(msOf(estimate), 20, 1.01);
  });

  it('knows latencies at a clock of 0, and of 0 ms', () => {
    const estimate = new LatencyEstimate();
    for (let i = 0; i < 10; i++) estimate.observe(0, false, 0);
    assert.ok(Number.isFinite(estimate.lnMs) && msOf(estimate) < 1);
    assert.ok(Number.isFinite(estimate.lnNowMs(0, 0)));
  });

  it('hardly moves for one answer of a minute', () => {
    const estimate = new LatencyEstimate();
    const nowMs = answers(estimate, 1_000);
    estimate.observe(60_000, false, nowMs + 10);
    near(msOf(estimate), 20, 1.5);
  });

  it('follows a change within seconds', () => {
    const estimate = new LatencyEstimate();
    const nowMs = answers(estimate, 1_000);
    answers(estimate, 500, { latencyMs: () => 200, fromMs: nowMs });
    near(msOf(estimate), 200, 1.4);
  });

  it('is not upset by chance when answers are rare', () => {
    const random = seededRandom(7);
    const estimate = new LatencyEstimate();
    const latencyMs = () => -20 * Math.log(1 - random());
    const fromMs = answers(estimate, 50, { latencyMs, gapMs: 5_000 });
    let most = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 1_000; i++) {
      answers(estimate, 1, { latencyMs, gapMs: 5_000, fromMs: fromMs + 5_000 * i });
      most = Math.max(most, msOf(estimate));
      least = Math.min(least, msOf(estimate));
    }
    assert.ok(most / least < 6, `from ${least} to ${most}`);
  });

  it('follows few answers when they are few because it is avoided', () => {
    const estimate = new LatencyEstimate();
    const nowMs = answers(estimate, 1_000, { latencyMs: () => 200 });
    answers(estimate, 10, { gapMs: 1_000, fromMs: nowMs, isAvoided: true });
    near(msOf(estimate), 20, 2);
  });

  it('is outweighed by what comes after doubt', () => {
    const [sure, doubted] = [new LatencyEstimate(), new LatencyEstimate()];
    for (const estimate of [sure, doubted]) {
      const nowMs = answers(estimate, 8, { latencyMs: () => 1_000 });
      for (let i = 0; i < 4; i++) {
        if (estimate === doubted) estimate.doubt();
        answers(estimate, 1, { latencyMs: () => 1, fromMs: nowMs + 10 * i, isAvoided: true });
      }
    }
    assert.ok(msOf(doubted) < msOf(sure) / 3, `${msOf(doubted)}, ${msOf(sure)}`);
  });

  it('takes an answer nobody waited for as at least that late, never as early', () => {
    const estimate = new LatencyEstimate();
    const nowMs = answers(estimate, 100);
    const before = estimate.lnMs;
    estimate.observeAtLeast(1, false, nowMs + 10);
    assert.equal(estimate.lnMs, before);
    estimate.observeAtLeast(2_000, false, nowMs + 20);
    assert.ok(estimate.lnMs > before);
  });

  describe('silence', () => {
    it('makes it as slow as the silence is long, once several requests went unanswered', () => {
      const estimate = new LatencyEstimate();
      const nowMs = answers(estimate, 200);
      for (let i = 0; i < 10; i++) estimate.ask();
      assert.equal(estimate.lnNowMs(nowMs + 1, nowMs + 30), estimate.lnMs);
      near(Math.exp(estimate.lnNowMs(nowMs + 1, nowMs + 1_001)), 1_000, 1.01);
    });

    it('ends with any answer', () => {
      const estimate = new LatencyEstimate();
      const nowMs = answers(estimate, 200);
      for (let i = 0; i < 10; i++) estimate.ask();
      estimate.hear(nowMs, nowMs + 1_000);
      assert.equal(estimate.lnNowMs(nowMs, nowMs + 1_001), estimate.lnMs);
    });

    it('is none when few requests were sent that could have been answered', () => {
      const estimate = new LatencyEstimate();
      const nowMs = answers(estimate, 200);
      estimate.ask();
      assert.equal(estimate.lnNowMs(nowMs, nowMs + 25_000), estimate.lnMs);
    });

    it('is none when answers have always been that far between', () => {
      const estimate = new LatencyEstimate();
      let nowMs = 0;
      for (let i = 0; i < 200; i++) {
        nowMs += 500;
        for (let j = 0; j < 5; j++) estimate.ask();
        estimate.hear(0, nowMs);
        estimate.observe(20, false, nowMs);
      }
      for (let j = 0; j < 20; j++) estimate.ask();
      assert.equal(estimate.lnNowMs(0, nowMs + 2_000), estimate.lnMs);
    });
  });
});
