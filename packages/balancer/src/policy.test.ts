import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask } from './policies/policy.test-support.ts';
import { createPolicy, policyNames } from './policy.ts';
import { seededRandom } from './seeded-random.test.ts';
import { createService } from './service.ts';
import { createUpstream } from './upstream.ts';

/** The upper 0.1 % point of chi-square with 3 degrees of freedom. */
const CHI_SQUARE_3 = 16.27;

describe('the table of policies', () => {
  it('names the default first', () => {
    assert.equal(policyNames[0], 'least-connections');
    assert.equal(new Set(policyNames).size, policyNames.length);
  });

  for (const name of policyNames) {
    it(`${name}: idle upstreams share by weight when requests come one at a time`, () => {
      const upstreams = [1, 2, 3, 4].map((weight, i) => createUpstream({ key: `u${i}`, weight }));
      const policy = createPolicy(name);
      const service = createService({ name: 's', policy, upstreams, random: seededRandom(42) });
      const rounds = 20_000;
      for (let i = 0; i < rounds; i++) {
        const lease = service.acquire(ask({ nowMs: i * 0.1 }));
        assert.ok(typeof lease !== 'string');
        lease.release('ignored', i * 0.1);
      }
      const chiSquare = upstreams.reduce((sum, { requests, weight }) => {
        const expected = (rounds * weight) / 10;
        return sum + (requests - expected) ** 2 / expected;
      }, 0);
      assert.ok(chiSquare < CHI_SQUARE_3, `chi-square ${chiSquare}`);
    });
  }
});
