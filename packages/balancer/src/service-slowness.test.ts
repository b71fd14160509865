/** Who is taken for slow on little evidence, and how soon that is forgotten, in virtual time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exponential, Fleet, type Origin } from './fleet.test-support.ts';
import { hash32 } from './hash.ts';
import { ask } from './policies/policy.test-support.ts';
import { type Ask, createPolicy, type PolicyName } from './policy.ts';
import { lease, serviceOf } from './service.test-support.ts';
import type { Service } from './service.ts';
import { createUpstream, type Upstream } from './upstream.ts';

const SEEDS = [1, 2, 3, 4, 5];

/** Its first `heavy` answers take fifty to a hundred milliseconds. */
function cold(heavy: number, serviceMs: Origin['serviceMs']): Origin {
  let left = heavy;
  return {
    serviceMs: (atMs, random) => (left-- > 0 ? 50 + 50 * random() : serviceMs(atMs, random)),
  };
}

const steady: Origin['serviceMs'] = (_, random) => 0.7 + 0.6 * random();

describe('one of two that is cold at first', () => {
  const kinds = [
    ['steady', steady],
    ['spread', exponential(1)],
  ] as const;
  for (const [kind, serviceMs] of kinds) {
    for (const heavy of [5, 8]) {
      it(`has its share soon at a few requests a second: ${heavy} heavy answers, then ${kind} ones`, () => {
        for (const seed of SEEDS) {
          const fleet = new Fleet([cold(heavy, serviceMs), { serviceMs }], seed);
          fleet.arrive({ perSecond: 33, untilMs: 12_000 });
          fleet.run(13_000);
          const both = fleet.service.requests;
          const picked = fleet.count('picked', 'a', 3_000, 12_000);
          assert.ok(picked > 0.4 * both * (9 / 12), `seed ${seed}: ${picked} of ${both}`);
        }
      });
    }
  }

  it('has it within the first second or two at two hundred a second', () => {
    for (const seed of SEEDS) {
      const fleet = new Fleet([cold(12, steady), { serviceMs: steady }], seed);
      fleet.arrive({ perSecond: 200, untilMs: 4_000 });
      fleet.run(5_000);
      const picked = fleet.count('picked', 'a', 2_000, 4_000);
      assert.ok(picked > 0.4 * 2 * 200, `seed ${seed}: ${picked}`);
    }
  });
});

describe('chance', () => {
  it('makes hardly anybody slow who has answered a few times', () => {
    let slow = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const origin = { serviceMs: exponential(20) };
      const fleet = new Fleet([origin, origin], seed);
      fleet.arrive({ perSecond: 30, untilMs: 2_000 });
      let isSlow = false;
      for (let atMs = 0; atMs < 2_000; atMs += 50) {
        fleet.run(atMs);
        isSlow ||= fleet.upstreams.some(({ correction }) => correction > 1);
      }
      if (isSlow) slow++;
    }
    assert.ok(slow <= 2, `${slow} of 100`);
  });

  it('is what parts of a millisecond are', () => {
    const fleet = new Fleet([{ serviceMs: () => 0.2 }, { serviceMs: () => 1 }], 1);
    fleet.arrive({ perSecond: 50, untilMs: 10_000 });
    fleet.run(10_000);
    const [a, b] = ['a', 'b'].map((key) => fleet.count('picked', key, 0, 10_000));
    assert.ok((b as number) > 0.8 * (a as number), `${a}, ${b}`);
  });
});

/** Two upstreams that are asked in turn until `a` is taken for slow. */
function withSlowOne(name: PolicyName): { service: Service; a: Upstream; nowMs: number } {
  const [a, b] = [createUpstream({ key: 'a' }), createUpstream({ key: 'b' })];
  const service = serviceOf([a, b], { policy: createPolicy(name) });
  let nowMs = 0;
  for (let i = 0; i < 100; i++) {
    nowMs += 200;
    for (const other of [a, b]) {
      const taken = service.acquire(ask({ nowMs, tried: [other] }));
      assert.ok(typeof taken !== 'string');
      taken.answered(true, nowMs + (taken.upstream === a ? 100 : 5));
      taken.release('success', nowMs + 100);
    }
  }
  service.review(nowMs + 200);
  assert.ok(a.correction > 1);
  return { service, a, nowMs: nowMs + 200 };
}

/** Who gets each of so many requests, 30 ms apart, which both answer quickly. */
function keysOf(service: Service, fromMs: number, wanted: (index: number) => Partial<Ask>): string {
  let keys = '';
  for (let i = 0; i < 40; i++) {
    const nowMs = fromMs + 30 * i;
    const taken = lease(service, { nowMs, ...wanted(i) });
    keys += taken.upstream.key;
    taken.answered(true, nowMs + 5);
    taken.release('success', nowMs + 5);
  }
  return keys;
}

describe('a policy that does not mind slowness', () => {
  it('round robin: keeps to its turns, also when the slow one turns quick', () => {
    const { service, nowMs } = withSlowOne('round-robin');
    const keys = keysOf(service, nowMs, () => ({}));
    assert.match(keys, /^b?(ab)+a?$/);
  });

  it('hash: keeps a key where it belongs', () => {
    const { service, nowMs } = withSlowOne('hash');
    const owners = new Map<number, Set<string>>();
    const keys = keysOf(service, nowMs, (i) => ({ hash: hash32(`client ${i % 8}`) }));
    for (const [i, key] of [...keys].entries()) {
      owners.set(i % 8, (owners.get(i % 8) ?? new Set()).add(key));
    }
    assert.deepEqual(
      [...owners.values()].map(({ size }) => size),
      [1, 1, 1, 1, 1, 1, 1, 1],
    );
    assert.equal(new Set(keys).size, 2);
  });

  it('sticky: keeps a client where it was', () => {
    const { service, nowMs } = withSlowOne('sticky');
    const keys = keysOf(service, nowMs, (i) => ({ stickTo: i % 2 === 0 ? 'a' : 'b' }));
    assert.match(keys, /^(ab)+$/);
  });
});
