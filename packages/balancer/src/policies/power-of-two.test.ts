import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../seeded-random.test.ts';
import { createService } from '../service.ts';
import { createUpstream, type Upstream } from '../upstream.ts';
import { createPowerOfTwo } from './power-of-two.ts';

function picks(candidates: readonly Upstream[], rounds: number): Map<string, number> {
  const { pick } = createPowerOfTwo();
  const random = seededRandom(8);
  const counts = new Map(candidates.map(({ key }) => [key, 0]));
  for (let i = 0; i < rounds; i++) {
    const { key } = pick(candidates, random);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

test('of two, the less loaded is always picked: the draws are distinct', () => {
  const busy = Object.assign(createUpstream({ key: 'busy' }), { inFlight: 1 });
  const free = createUpstream({ key: 'free' });
  assert.deepEqual(Object.fromEntries(picks([busy, free], 1000)), { busy: 0, free: 1000 });
});

test('the most loaded is never picked, and the least loaded only as often as it is drawn', () => {
  const upstreams = [0, 1, 2, 3, 4].map((inFlight) =>
    Object.assign(createUpstream({ key: `${inFlight}` }), { inFlight }),
  );
  const counts = picks(upstreams, 10_000);
  assert.equal(counts.get('4'), 0);
  // Drawn in 2 of 5 cases.
  assert.ok(Math.abs((counts.get('0') ?? 0) - 4000) < 250, `${counts.get('0')}`);
});

test('load is compared by weight', () => {
  const light = Object.assign(createUpstream({ key: 'light', weight: 1 }), { inFlight: 2 });
  const heavy = Object.assign(createUpstream({ key: 'heavy', weight: 4 }), { inFlight: 4 });
  assert.equal(picks([light, heavy], 100).get('heavy'), 100);
});

test('requests held open stay close together', () => {
  const upstreams = Array.from({ length: 10 }, (_, i) => createUpstream({ key: `u${i}` }));
  const policy = createPowerOfTwo();
  const service = createService({ name: 's', policy, upstreams, random: seededRandom(4) });
  for (let i = 0; i < 1000; i++) service.acquire();
  const counts = upstreams.map((one) => one.inFlight);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 8, `${counts}`);
});
