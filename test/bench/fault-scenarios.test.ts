import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom, Histogram } from '@headgate/load';
import { createWorkerQueue } from './fault-queue.ts';
import { faultScenarios, originPlans, scaled, WORKERS } from './fault-scenarios.ts';

const byName = (name: string) => {
  const found = faultScenarios.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
};

describe('a fault scenario', () => {
  for (const scenario of faultScenarios) {
    it(`${scenario.name} has faults within its run, and pauses in order`, () => {
      for (const scale of [0.3, 1]) {
        const timeline = scaled(scenario.timeline, scale);
        for (let index = 0; index < scenario.origins; index++) {
          const faults = scenario.faults(index, timeline);
          for (const { fromMs, toMs } of faults) assert.ok(fromMs < toMs);
          const pauses = faults.filter(({ kind }) => kind === 'pause');
          for (const [nth, pause] of pauses.slice(1).entries()) {
            assert.ok((pauses[nth]?.toMs ?? 0) <= pause.fromMs);
          }
          const isFaulty = faults.some(({ toMs }) => toMs <= timeline.lengthS * 1_000 + 5_000);
          if (scenario.faulty > 0) assert.equal(isFaulty, index < scenario.faulty);
        }
      }
    });

    it(`${scenario.name} asks less than the origins can do, but for the flash crowd`, () => {
      const meanMs = scenario.service.reduce((sum, part) => sum + part.share * part.meanMs, 0);
      const capacity = (scenario.origins * WORKERS * 1_000) / meanMs;
      assert.ok(scenario.ratePerS[0] < capacity * 0.96);
      assert.equal(scenario.ratePerS[1] > capacity, scenario.name === 'flash-crowd');
      // Beyond this, the machine is measured.
      assert.ok(Math.max(...scenario.ratePerS) <= 2_400);
    });
  }

  it('gives every origin sizes of its own, which are new in every round', () => {
    const scenario = byName('fleet');
    const ports = Array.from({ length: scenario.origins }, (_, index) => 20_000 + index);
    const seeds = [1, 2].flatMap((round) =>
      originPlans(scenario, scenario.timeline, ports, round).map(({ seed }) => seed),
    );
    assert.equal(new Set(seeds).size, 100);
  });

  it('is scaled in whole seconds, without losing a phase', () => {
    const { timeline } = byName('retry-storm');
    assert.deepEqual(scaled(timeline, 1), timeline);
    const quick = { warmUpS: 3, faultFromS: 6, faultToS: 8, lengthS: 18 };
    assert.deepEqual(scaled(timeline, 0.3), quick);
    const least = { warmUpS: 1, faultFromS: 2, faultToS: 3, lengthS: 4 };
    assert.deepEqual(scaled(timeline, 0.05), least);
    const throughout = scaled(byName('fleet').timeline, 0.05);
    assert.deepEqual(throughout, { warmUpS: 1, faultFromS: 1, faultToS: 3, lengthS: 3 });
  });

  it('of a heavy tail has the bound of a simulated central queue', () => {
    const { service, ratePerS, oracle } = byName('heavy-tail');
    const queue = createWorkerQueue({
      workers: 40,
      service,
      faults: [],
      random: createRandom(1, 0),
    });
    const arrivals = createRandom(1, 1);
    const latencies = new Histogram();
    for (let n = 0, nowMs = 0; n < 1_000_000; n++) {
      nowMs += (-Math.log1p(-arrivals()) * 1_000) / ratePerS[0];
      latencies.record((queue.admit(nowMs) - nowMs) * 1_000);
    }
    const off = (share: number, expectedMs = 0) =>
      Math.abs(latencies.quantileUs(share) / 1_000 / expectedMs - 1);
    assert.ok(off(0.99, oracle?.p99Ms) < 0.05, `${latencies.quantileUs(0.99)}`);
    assert.ok(off(0.999, oracle?.p999Ms) < 0.05, `${latencies.quantileUs(0.999)}`);
  });
});
