/** Attempts one after the other: what a bad answer means, and what upstreams are told. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Upstream } from '@headgate/balancer';
import { createItemsBench, heldBody } from './attempts.test-support.ts';
import { type Asked, failed, UPSTREAMS } from './proxy.test-support.ts';

type ServiceInput = Parameters<typeof createItemsBench>[1];

const single = { upstreams: [{ url: UPSTREAMS[0] as string }] };

describe('an answer with a status of retryStatuses', () => {
  it('is not taken while another upstream may do better', (t) => {
    const bench = createItemsBench(t);
    const { attempts, carrier } = bench.open();
    attempts[0]?.answer(503);
    assert.equal(attempts[0]?.isTaken, false);
    attempts[1]?.answer(200);
    assert.equal(attempts[1]?.isTaken, true);
    assert.notEqual(attempts[0]?.upstream, attempts[1]?.upstream);
    const [record] = bench.finished;
    assert.deepEqual([record?.status, record?.attempts, record?.failure], [200, 2, undefined]);
    assert.equal(record?.upstream, attempts[1]?.upstream);
    assert.equal(carrier.page, undefined);
    assert.equal(bench.counted.retries, 1);
    assert.equal(attempts[0]?.order.upstream.upstream.failures, 1);
    bench.assertIdle();
  });

  it('is passed on when the last upstream that may be asked gives it as well', (t) => {
    const bench = createItemsBench(t);
    const { attempts, carrier } = bench.open();
    for (let i = 0; i < 3; i++) attempts[i]?.answer(503);
    assert.deepEqual(
      attempts.map(({ isTaken }) => isTaken),
      [false, false, true],
    );
    assert.equal(bench.finished[0]?.status, 503);
    assert.equal(carrier.page, undefined);
    bench.assertIdle();
  });

  for (const [why, service, asked, status] of [
    ['to a POST', {}, { method: 'POST' }, 503],
    ['where retries are off', { retries: 0 }, {}, 503],
    ['that is not among them', {}, {}, 500],
    ['that says what the server never does', { retryStatuses: [501] }, {}, 501],
    ['where there is one upstream', single, {}, 503],
  ] satisfies [string, ServiceInput, Asked, number][]) {
    it(`is passed on ${why}`, (t) => {
      const bench = createItemsBench(t, service);
      const { attempts } = bench.open(asked);
      attempts[0]?.answer(status);
      assert.equal(attempts.length, 1);
      assert.equal(attempts[0]?.isTaken, true);
      bench.assertIdle();
    });
  }

  it('is passed on when the body of its request has been sent', (t) => {
    const bench = createItemsBench(t);
    const { attempts } = bench.open({ method: 'PUT' }, { ...heldBody, isStarted: true });
    attempts[0]?.answer(503);
    assert.equal(attempts[0]?.isTaken, true);
  });

  it('is passed on when the budget is spent, and successes earn it back', (t) => {
    const bench = createItemsBench(t, { retries: 1 });
    for (let i = 0; i < 20; i++) {
      const { attempts } = bench.open();
      attempts[0]?.answer(503);
      attempts[1]?.answer(503);
    }
    assert.equal(bench.counted.retries, 10);
    assert.equal(bench.finished.length, 20);
    for (let i = 0; i < 10; i++) bench.open().last().answer(200);
    const { attempts } = bench.open();
    attempts[0]?.answer(503);
    assert.equal(attempts.length, 2);
    attempts[1]?.answer(200);
    bench.assertIdle();
  });

  it('does not outlive its client', (t) => {
    const bench = createItemsBench(t);
    const { attempts, carrier } = bench.open();
    attempts[0]?.answer(503);
    carrier.life?.cancel('client-gone', 'left');
    assert.equal(attempts[1]?.cancelled, 'client-gone');
    assert.equal(bench.finished[0]?.failure?.kind, 'client-gone');
    bench.assertIdle();
  });
});

describe('a request that was used to try an upstream out', () => {
  function createTrial(t: TestContext) {
    const bench = createItemsBench(t, { retries: 0 });
    const suspect = bench.service.balancer.upstreams[0] as Upstream;
    suspect.ejection.eject(bench.clock.now(), () => 0.5);
    bench.service.balancer.refresh(bench.clock.now());
    // Nothing is left for those that have to be paid for.
    while (bench.service.retryBudget.withdraw());
    bench.pass(1_500);
    return { bench, suspect };
  }

  it('is made again whatever it was answered, free of charge', (t) => {
    const { bench, suspect } = createTrial(t);
    const { attempts } = bench.open();
    assert.equal(attempts[0]?.upstream, suspect.key);
    attempts[0]?.answer(500);
    attempts[1]?.answer(200);
    assert.equal(bench.finished[0]?.status, 200);
    assert.equal(suspect.ejection.presence, 'out');
    bench.assertIdle();
  });

  it('is made again when its connection broke', (t) => {
    const { bench } = createTrial(t);
    const { attempts } = bench.open();
    attempts[0]?.fail('upstream-reset');
    attempts[1]?.answer(200);
    assert.equal(bench.finished[0]?.status, 200);
  });

  it('is none that could not be made again', (t) => {
    const { bench, suspect } = createTrial(t);
    const { attempts } = bench.open({ method: 'POST' });
    assert.notEqual(attempts[0]?.upstream, suspect.key);
    attempts[0]?.answer(200);
  });
});
describe('an attempt', () => {
  it('tells its upstream how much time is left', (t) => {
    const bench = createItemsBench(t, {}, { deadline: '300ms' });
    const { attempts } = bench.open();
    bench.pass(100);
    attempts[0]?.fail('connect-failed');
    assert.deepEqual(
      attempts.map(({ order }) => order.requestLines),
      ['headgate-deadline-ms: 300\r\n', 'headgate-deadline-ms: 200\r\n'],
    );
    attempts[1]?.answer();
  });

  it('tells nothing of the kind where nobody set a limit', (t) => {
    const bench = createItemsBench(t);
    const { attempts } = bench.open();
    assert.equal(attempts[0]?.order.requestLines, '');
    attempts[0]?.answer();
  });

  it('hears what its upstream has to do from everybody', (t) => {
    const bench = createItemsBench(t);
    const { attempts } = bench.open();
    attempts[0]?.answer(200, '7');
    assert.equal(attempts[0]?.order.upstream.upstream.othersInFlight, 6);
  });

  it('that fails counts as one, although a retry follows', (t) => {
    const bench = createItemsBench(t);
    assert.equal(
      bench.ask({}, failed('connect-failed'), failed('connect-failed')).attempts.length,
      3,
    );
    for (const { failures } of bench.service.balancer.upstreams) assert.equal(failures, 1);
  });
});
