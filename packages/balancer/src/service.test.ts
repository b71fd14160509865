import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPolicy } from './policy.ts';
import { seededRandom } from './seeded-random.test.ts';
import { createService, type Service } from './service.ts';
import { createUpstream, type Upstream } from './upstream.ts';

function serviceOf(...upstreams: Upstream[]): Service {
  const policy = createPolicy('least-connections');
  return createService({ name: 'items', policy, upstreams, random: seededRandom(1) });
}

function three(): [Upstream, Upstream, Upstream] {
  return [createUpstream({ key: 'a' }), createUpstream({ key: 'b' }), createUpstream({ key: 'c' })];
}

/** Who gets requests: the upstreams picked, in the order of their keys. */
function served(service: Service, tried?: readonly Upstream[]): string {
  const keys = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const lease = service.acquire(tried);
    if (lease) keys.add(lease.upstream.key);
    lease?.release('ignored');
  }
  return [...keys].sort().join('');
}

test('an unhealthy upstream gets no requests until it is healthy again', () => {
  const [a, b, c] = three();
  const service = serviceOf(a, b, c);
  a.health.observe(false, 'refused', 0);
  service.refresh();
  assert.equal(served(service), 'bc');
  a.health.observe(true, 'answered', 1);
  service.refresh();
  assert.equal(served(service), 'abc');
});

test('draining and disabled upstreams get no requests, however healthy', () => {
  const [a, b, c] = three();
  a.isDraining = true;
  b.isDisabled = true;
  for (const upstream of [a, b, c]) upstream.health.observe(true, 'answered', 0);
  const service = serviceOf(a, b, c);
  assert.equal(served(service), 'c');
  c.isDraining = true;
  service.refresh();
  assert.equal(service.acquire(), undefined);
  assert.equal(service.isPanicking, false);
});

test('who is eligible changes in refresh only', () => {
  const [a, b, c] = three();
  const service = serviceOf(a, b, c);
  a.isDisabled = true;
  assert.equal(served(service), 'abc');
  service.refresh();
  assert.equal(served(service), 'bc');
});

test('health excludes half of the weight, and not an ounce more', () => {
  const [a, b, c] = three();
  a.weight = 2;
  const service = serviceOf(a, b, c);
  a.health.observe(false, 'refused', 0);
  service.refresh();
  assert.equal(service.isPanicking, false);
  assert.equal(served(service), 'bc');

  a.weight = 2.01;
  service.refresh();
  assert.equal(service.isPanicking, true);
  assert.equal(served(service), 'abc');
});

test('a panic leaves out what is disabled or draining', () => {
  const [a, b, c] = three();
  for (const upstream of [a, b, c]) upstream.health.observe(false, 'refused', 0);
  a.isDisabled = true;
  b.isDraining = true;
  const service = serviceOf(a, b, c);
  assert.equal(service.isPanicking, true);
  assert.equal(served(service), 'c');
});

test('what was tried is not picked again; when all were, there is nothing', () => {
  const [a, b, c] = three();
  const service = serviceOf(a, b, c);
  assert.equal(served(service, []), 'abc');
  assert.equal(served(service, [a]), 'bc');
  assert.equal(served(service, [a, c]), 'b');
  assert.equal(service.acquire([a, b, c]), undefined);
});

test('a service without upstreams has nothing to give', () => {
  const service = serviceOf();
  assert.equal(service.acquire(), undefined);
  assert.equal(service.isPanicking, false);
  assert.equal(service.inFlight, 0);
});

test('the policy is asked only when there is a choice', () => {
  const [a, b, c] = three();
  const asked: number[] = [];
  const policy = {
    pick(candidates: readonly Upstream[]) {
      asked.push(candidates.length);
      return candidates[0] as Upstream;
    },
  };
  const upstreams = [a, b, c];
  const service = createService({ name: 'items', policy, upstreams, random: () => 0 });
  service.acquire();
  service.acquire([a]);
  service.acquire([a, b]);
  assert.deepEqual(asked, [3, 2]);
});

test('requests taken through an earlier service still count', () => {
  const [a, b] = three();
  const before = serviceOf(a, b);
  const lease = before.acquire();
  before.acquire();
  const after = serviceOf(a, b);
  assert.equal(after.inFlight, 2);
  lease?.release('success');
  assert.equal(after.inFlight, 1);
});

test('the same key twice is refused', () => {
  const twice = [createUpstream({ key: 'http://a' }), createUpstream({ key: 'http://a' })];
  assert.throws(() => serviceOf(...twice), /service "items" lists upstream "http:\/\/a" twice/);
});
