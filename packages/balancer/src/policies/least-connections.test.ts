import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../seeded-random.test.ts';
import { createService } from '../service.ts';
import { createUpstream, type Upstream } from '../upstream.ts';
import { createLeastConnections } from './least-connections.ts';

function upstream(key: string, weight: number, inFlight: number): Upstream {
  return Object.assign(createUpstream({ key, weight }), { inFlight });
}

test('64 requests in one tick over 4 idle equal upstreams are 16 each', () => {
  for (let seed = 0; seed < 20; seed++) {
    const upstreams = ['a', 'b', 'c', 'd'].map((key) => createUpstream({ key }));
    const policy = createLeastConnections();
    const service = createService({ name: 's', policy, upstreams, random: seededRandom(seed) });
    for (let i = 0; i < 64; i++) service.acquire();
    assert.deepEqual(
      upstreams.map((one) => one.inFlight),
      [16, 16, 16, 16],
    );
  }
});

test('requests held open end up in proportion to the weights', () => {
  const upstreams = [1, 2, 5].map((weight) => createUpstream({ key: `w${weight}`, weight }));
  const policy = createLeastConnections();
  const service = createService({ name: 's', policy, upstreams, random: seededRandom(3) });
  for (let i = 0; i < 80; i++) service.acquire();
  assert.deepEqual(
    upstreams.map((one) => one.inFlight),
    [10, 20, 50],
  );
});

test('the heavier upstream is preferred at equal counts, not at equal shares', () => {
  const { pick } = createLeastConnections();
  const light = upstream('light', 1, 2);
  const heavy = upstream('heavy', 3, 2);
  for (const value of [0, 0.5, 0.999]) {
    assert.equal(
      pick([light, heavy], () => value),
      heavy,
    );
  }
  heavy.inFlight = 6;
  assert.equal(
    pick([light, heavy], () => 0.99),
    light,
  );
  assert.equal(
    pick([light, heavy], () => 0.01),
    heavy,
  );
});

test('ties among the least loaded are drawn by weight, wherever they stand in the list', () => {
  const { pick } = createLeastConnections();
  const random = seededRandom(5);
  const candidates = [
    upstream('busy', 1, 9),
    upstream('a', 1, 1),
    upstream('b', 2, 2),
    upstream('busier', 4, 40),
    upstream('c', 3, 3),
  ];
  const counts = new Map<string, number>();
  for (let i = 0; i < 12_000; i++) {
    const { key } = pick(candidates, random);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ['a', 'b', 'c']);
  for (const [key, share] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const) {
    const count = counts.get(key) ?? 0;
    assert.ok(Math.abs(count - 2000 * share) < 200, `${key} was picked ${count} times`);
  }
});

test('property: the pick is a minimum of inFlight / weight', () => {
  const { pick } = createLeastConnections();
  const record = fc.record({ weight: fc.integer({ min: 1, max: 20 }), inFlight: fc.nat(200) });
  const records = fc.array(record, { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(records, fc.integer(), (list, seed) => {
      const candidates = list.map((one, i) => upstream(`u${i}`, one.weight, one.inFlight));
      const picked = pick(candidates, seededRandom(seed));
      const loads = candidates.map((one) => one.inFlight / one.weight);
      assert.equal(picked.inFlight / picked.weight, Math.min(...loads));
    }),
  );
});
