/** A second attempt beside the first, for the sake of whose answer is late. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Admission } from './admission.ts';
import { createItemsBench, heldBody } from './attempts.test-support.ts';
import { LATE_MS } from './clock.test-support.ts';
import { UPSTREAMS } from './proxy.test-support.ts';

type ServiceInput = Parameters<typeof createItemsBench>[1];

function createHedging(t: TestContext, service: ServiceInput = {}) {
  return createItemsBench(t, service, { hedge: { delay: '50ms' } });
}

describe('a late answer', () => {
  it('is asked for again at another upstream, and not before it is late', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    bench.pass(45);
    assert.equal(attempts.length, 1);
    bench.pass(5);
    assert.equal(attempts.length, 2);
    assert.notEqual(attempts[0]?.upstream, attempts[1]?.upstream);
    assert.equal(bench.counted.hedges, 1);
    bench.pass(1_000);
    assert.equal(attempts.length, 2);
    attempts[0]?.answer();
  });

  for (const [winner, loser] of [
    [0, 1],
    [1, 0],
  ] as const) {
    it(`is that of attempt ${winner + 1} when it comes first, and the other is cancelled`, (t) => {
      const bench = createHedging(t);
      const { attempts } = bench.open();
      bench.pass(50);
      attempts[winner]?.begin();
      assert.equal(attempts[loser]?.cancelled, 'hedge-lost');
      assert.equal(bench.service.balancer.inFlight, 1);
      assert.equal(bench.finished.length, 0);
      attempts[winner]?.answer();
      const [record] = bench.finished;
      assert.deepEqual([record?.status, record?.attempts, record?.failure], [200, 2, undefined]);
      assert.equal(record?.upstream, attempts[winner]?.upstream);
      assert.equal(attempts[loser]?.order.upstream.upstream.failures, 0);
      bench.assertIdle();
    });
  }

  it('that is cut off is the end, whatever its hedge would have said', (t) => {
    const bench = createHedging(t);
    const { attempts, carrier } = bench.open();
    bench.pass(50);
    attempts[1]?.begin();
    carrier.life?.cancel('client-gone', 'left');
    assert.equal(attempts[1]?.cancelled, 'client-gone');
    assert.equal(attempts.length, 2);
    bench.assertIdle();
  });

  it('is waited for when its hedge fails', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    bench.pass(50);
    attempts[1]?.fail('upstream-reset');
    assert.equal(bench.finished.length, 0);
    attempts[0]?.answer();
    assert.equal(bench.finished[0]?.status, 200);
    assert.equal(bench.finished[0]?.upstream, attempts[0]?.upstream);
    bench.assertIdle();
  });

  it('is that of the hedge when the first attempt fails', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    bench.pass(50);
    attempts[0]?.fail('upstream-reset');
    assert.equal(attempts.length, 2);
    attempts[1]?.answer();
    assert.equal(bench.finished[0]?.status, 200);
    bench.assertIdle();
  });

  it('is asked for a third time when both fail', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    bench.pass(50);
    attempts[0]?.fail('upstream-reset');
    attempts[1]?.fail('upstream-reset');
    assert.equal(new Set(attempts.map(({ upstream }) => upstream)).size, 3);
    bench.pass(1_000);
    assert.equal(attempts.length, 3, 'one hedge is enough');
    attempts[2]?.answer();
    assert.equal(bench.finished[0]?.status, 200);
    bench.assertIdle();
  });

  it('is a page of the edge when all fail', (t) => {
    const bench = createHedging(t);
    const { attempts, carrier } = bench.open();
    bench.pass(50);
    for (let i = 0; i < 3; i++) attempts[i]?.fail('upstream-reset');
    assert.equal(carrier.page?.status, 502);
    assert.equal(bench.finished.length, 1);
    bench.assertIdle();
  });

  it('is a good one rather than a bad one that comes first', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    bench.pass(50);
    attempts[1]?.answer(500);
    assert.equal(attempts[1]?.isTaken, false);
    attempts[0]?.answer(200);
    assert.equal(bench.finished[0]?.status, 200);
    bench.assertIdle();
  });

  it('is a bad one when there is no other', (t) => {
    const bench = createHedging(t);
    const { attempts, carrier } = bench.open();
    bench.pass(50);
    attempts[0]?.answer(500);
    attempts[1]?.answer(500);
    assert.deepEqual([attempts[0]?.isTaken, attempts[1]?.isTaken], [false, true]);
    assert.equal(bench.finished[0]?.status, 500);
    assert.equal(carrier.page, undefined);
    bench.assertIdle();
  });

  it('is not waited for any more when the client has left', (t) => {
    const bench = createHedging(t);
    const { attempts, carrier } = bench.open();
    bench.pass(50);
    carrier.life?.cancel('client-gone', 'left');
    assert.ok(attempts.every(({ isOver }) => isOver));
    assert.equal(bench.finished.length, 1);
    assert.equal(bench.finished[0]?.failure?.kind, 'client-gone');
    assert.equal(carrier.page, undefined);
    bench.assertIdle();
  });

  it('is not asked for again when the client has left before', (t) => {
    const bench = createHedging(t);
    const { attempts, carrier } = bench.open();
    bench.pass(30);
    carrier.life?.cancel('client-gone', 'left');
    bench.pass(100);
    assert.equal(attempts.length, 1);
    bench.assertIdle();
  });

  it('is not waited for any more when there is no time left', (t) => {
    const bench = createHedging(t, { timeouts: { total: '200ms' } });
    const { attempts, carrier } = bench.open();
    bench.pass(200 + LATE_MS);
    assert.equal(attempts.length, 2);
    assert.ok(attempts.every(({ isOver }) => isOver));
    assert.equal(carrier.page?.status, 504);
    assert.equal(bench.finished[0]?.failure?.kind, 'total-timeout');
    bench.assertIdle();
  });

  it('that has begun is not late, however long it takes', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    attempts[0]?.begin();
    bench.pass(1_000);
    assert.equal(attempts.length, 1);
    attempts[0]?.answer();
  });

  it('costs no more than the budget, which requests earn', (t) => {
    const bench = createHedging(t);
    for (let i = 0; i < 100; i++) {
      const { attempts } = bench.open();
      bench.pass(50);
      attempts[0]?.answer();
    }
    // Ten were saved up, fifty requests pay for one, and what is full takes no more.
    assert.equal(bench.counted.hedges, 11);
    bench.assertIdle();
  });

  it('is what few answers of the route are, where the route does not say', (t) => {
    const bench = createItemsBench(t, {}, { hedge: true });
    const first = bench.open();
    bench.pass(1_000);
    assert.equal(first.attempts.length, 1, 'nothing is known yet');
    first.attempts[0]?.answer();
    for (let i = 0; i < 300; i++) {
      const { attempts } = bench.open();
      bench.pass(10);
      attempts[0]?.answer();
    }
    const late = bench.open();
    bench.pass(40);
    assert.equal(late.attempts.length, 2);
    late.attempts[1]?.answer();
    bench.assertIdle();
  });

  it('is still waited for when the edge fails to ask for it again', (t) => {
    const bench = createHedging(t);
    const { attempts, carrier } = bench.open();
    const fault = new Error('a bug');
    t.mock.method(carrier, 'attempt', () => {
      throw fault;
    });
    bench.pass(50);
    assert.equal(bench.service.balancer.inFlight, 1);
    attempts[0]?.answer();
    assert.equal(bench.finished[0]?.status, 200);
    assert.equal(bench.finished[0]?.error, fault);
    bench.assertIdle();
  });
});

describe('a second attempt beside the first is never made', () => {
  const single = { upstreams: [{ url: UPSTREAMS[0] as string }] };
  for (const [why, asked, body, service] of [
    ['for a POST', { method: 'POST' }, undefined, {}],
    ['for a request with a body', { method: 'PUT' }, heldBody, {}],
    ['where the client takes only one, as with an upgrade', { canHedge: false }, undefined, {}],
    ['where there is no other upstream', {}, undefined, single],
  ] as const) {
    it(why, (t) => {
      const bench = createHedging(t, service);
      const { attempts } = bench.open(asked, body);
      bench.pass(1_000);
      assert.equal(attempts.length, 1);
      attempts[0]?.answer();
      bench.assertIdle();
    });
  }

  it('while other requests wait', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    t.mock.getter(Admission.prototype, 'length', () => 1);
    bench.pass(1_000);
    assert.equal(attempts.length, 1);
    attempts[0]?.answer();
  });

  it('for one that has failed already', (t) => {
    const bench = createHedging(t);
    const { attempts } = bench.open();
    attempts[0]?.fail('connect-failed');
    bench.pass(1_000);
    assert.equal(attempts.length, 2);
    attempts[1]?.answer();
  });

  it('on a route that does not ask for it', (t) => {
    const bench = createItemsBench(t);
    const { attempts } = bench.open();
    bench.pass(10_000);
    assert.equal(attempts.length, 1);
    attempts[0]?.answer();
  });
});
