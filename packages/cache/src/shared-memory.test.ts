// The store the tests of the cache share must keep the contract too, or they would prove nothing.

import { createSharedMemory } from './shared-memory.test-support.ts';
import { sharedStoreConformance, storeConformance } from './testing.ts';

const clock = { nowMs: 1_000 };
const now = () => clock.nowMs;
const passMs = async (durationMs: number) => {
  clock.nowMs += durationMs;
};

storeConformance('shared memory', () => createSharedMemory(now).view(), { passMs });

sharedStoreConformance(
  'shared memory',
  async () => {
    const memory = createSharedMemory(now);
    return [memory.view(), memory.view()];
  },
  { passMs },
);
