import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPolicy, policyNames } from './policy.ts';
import { seededRandom } from './seeded-random.test.ts';
import { createService } from './service.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** The upper 0.1 % point of chi-square with 3 degrees of freedom. */
const CHI_SQUARE_3 = 16.27;

function idle(weights: readonly number[]): Upstream[] {
  return weights.map((weight, i) => createUpstream({ key: `u${i}`, weight }));
}

test('the default comes first', () => {
  assert.deepEqual(policyNames, ['least-connections', 'round-robin', 'random', 'power-of-two']);
});

for (const name of policyNames) {
  test(`${name}: idle upstreams share by weight when requests come one at a time`, () => {
    const weights = [1, 2, 3, 4];
    const upstreams = idle(weights);
    const random = seededRandom(42);
    const service = createService({ name: 's', policy: createPolicy(name), upstreams, random });
    const rounds = 20_000;
    for (let i = 0; i < rounds; i++) service.acquire()?.release('success');

    const chiSquare = upstreams.reduce((sum, upstream) => {
      const expected = (rounds * upstream.weight) / 10;
      return sum + (upstream.requests - expected) ** 2 / expected;
    }, 0);
    assert.ok(chiSquare < CHI_SQUARE_3, `chi-square ${chiSquare}`);
  });

  test(`${name}: a pick is one of the candidates and changes none of them`, () => {
    const candidate = fc.record({
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
      inFlight: fc.nat(50),
    });
    const candidates = fc.array(candidate, { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(candidates, fc.integer(), (records, seed) => {
        const policy = createPolicy(name);
        const random = seededRandom(seed);
        const upstreams = records.map(({ weight, inFlight }, i) =>
          Object.assign(createUpstream({ key: `u${i}`, weight }), { inFlight }),
        );
        const before = upstreams.map(({ weight, inFlight }) => ({ weight, inFlight }));
        for (let i = 0; i < 5; i++) assert.ok(upstreams.includes(policy.pick(upstreams, random)));
        const after = upstreams.map(({ weight, inFlight }) => ({ weight, inFlight }));
        assert.deepEqual(after, before);
      }),
    );
  });
}
