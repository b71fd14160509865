import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom } from '@headgate/load';
import { createWorkerQueue, drawServiceMs, type ServiceTimes } from './fault-queue.ts';
import type { Fault } from './fault-timeline.ts';

const SERVICE: ServiceTimes = [{ share: 1, meanMs: 20 }];

/** Draws that make every request take `serviceMs`. */
const always = (serviceMs: number) => () => 1 - Math.exp(-serviceMs / 20);

const queueOf = (workers: number, faults: readonly Fault[] = []) =>
  createWorkerQueue({ workers, service: SERVICE, faults, random: always(10) });

function assertEnds(actual: readonly number[], expected: readonly number[]): void {
  assert.deepEqual(
    actual.map((ms) => Math.round(ms * 1e6) / 1e6),
    expected,
  );
}

describe('the queue of an origin', () => {
  it('serves as many at a time as it has workers, first come, first served', () => {
    const queue = queueOf(2);
    assertEnds([0, 1, 2, 3, 50].map(queue.admit), [10, 11, 20, 21, 60]);
  });

  it('slows down what begins in a slow time, not what has begun', () => {
    const queue = queueOf(1, [{ kind: 'slow', fromMs: 5, toMs: 30, factor: 3 }]);
    assertEnds([0, 1, 2].map(queue.admit), [10, 40, 50]);
  });

  it('does nothing in a pause', () => {
    const queue = queueOf(2, [{ kind: 'pause', fromMs: 5, toMs: 105 }]);
    assertEnds([0, 50, 60].map(queue.admit), [110, 115, 120]);
  });

  it('gives everybody the same sizes in the same order', () => {
    const ends = (seed: number) => {
      const random = createRandom(seed, 0);
      const queue = createWorkerQueue({ workers: 4, service: SERVICE, faults: [], random });
      return Array.from({ length: 100 }, (_, index) => queue.admit(index * 10));
    };
    assert.deepEqual(ends(7), ends(7));
    assert.notDeepEqual(ends(7), ends(8));
  });
});

it('service times have the mean of their parts', () => {
  const random = createRandom(1, 0);
  const service = [
    { share: 0.99, meanMs: 10 },
    { share: 0.01, meanMs: 500 },
  ];
  let sum = 0;
  for (let n = 0; n < 200_000; n++) sum += drawServiceMs(service, random);
  const meanMs = sum / 200_000;
  assert.ok(Math.abs(meanMs - 14.9) < 0.5, `${meanMs}`);
});
