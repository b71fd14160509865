import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../seeded-random.test.ts';
import { createUpstream, type Upstream } from '../upstream.ts';
import { createRoundRobin } from './round-robin.ts';

function weighted(weights: readonly number[]): Upstream[] {
  return weights.map((weight, i) => createUpstream({ key: 'abcdefgh'.charAt(i), weight }));
}

const wholeWeights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 });

test('weights 5, 1, 1 give the sequence nginx documents', () => {
  const upstreams = weighted([5, 1, 1]);
  const { pick } = createRoundRobin();
  const sequence = Array.from({ length: 14 }, () => pick(upstreams, () => 0).key).join('');
  assert.equal(sequence, 'aabacaa'.repeat(2));
});

test('the rotation starts at a random point', () => {
  const upstreams = weighted([1, 1, 1, 1]);
  const firsts = [0, 0.25, 0.5, 0.75].map(
    (value) => createRoundRobin().pick(upstreams, () => value).key,
  );
  assert.deepEqual(firsts, ['a', 'b', 'c', 'd']);
});

test('property: every rotation, from wherever it starts, has exact shares', () => {
  fc.assert(
    fc.property(wholeWeights, fc.integer(), (weights, seed) => {
      const upstreams = weighted(weights);
      const random = seededRandom(seed);
      const { pick } = createRoundRobin();
      const rotation = weights.reduce((sum, weight) => sum + weight, 0);
      const counts = new Map<Upstream, number>(upstreams.map((one) => [one, 0]));
      for (let i = 0; i < rotation * 3; i++) {
        const picked = pick(upstreams, random);
        counts.set(picked, (counts.get(picked) ?? 0) + 1);
      }
      for (const [upstream, count] of counts) assert.equal(count, upstream.weight * 3);
    }),
  );
});

test('property: no stretch of picks strays from its fair share by two or more', () => {
  fc.assert(
    fc.property(wholeWeights, fc.integer(), fc.nat(80), (weights, seed, length) => {
      const upstreams = weighted(weights);
      const random = seededRandom(seed);
      const { pick } = createRoundRobin();
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const counts = new Map<Upstream, number>(upstreams.map((one) => [one, 0]));
      for (let i = 1; i <= length; i++) {
        const picked = pick(upstreams, random);
        counts.set(picked, (counts.get(picked) ?? 0) + 1);
        for (const [{ weight }, count] of counts) {
          assert.ok(Math.abs(count - (i * weight) / total) < 2);
        }
      }
    }),
  );
});

test('when one leaves and comes back, the others keep their places and their shares', () => {
  const upstreams = weighted([1, 1, 1, 1]);
  const without = upstreams.filter((one) => one.key !== 'b');
  const { pick } = createRoundRobin();
  const next = (candidates: readonly Upstream[], count: number) =>
    Array.from({ length: count }, () => pick(candidates, () => 0).key);
  const isFair = (keys: readonly string[], key: string, share: number) =>
    Math.abs(keys.filter((one) => one === key).length - share) < 2;

  assert.deepEqual(next(upstreams, 2), ['a', 'b']);
  const away = next(without, 12);
  assert.deepEqual(away.slice(0, 2), ['c', 'd'], 'the rotation goes on where it was');
  assert.ok(!away.includes('b'));
  for (const key of 'acd') assert.ok(isFair(away, key, 4), `${away}`);
  const back = next(upstreams, 12);
  for (const key of 'abcd') assert.ok(isFair(back, key, 3), `${back}`);
});
