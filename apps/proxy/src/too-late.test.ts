/** Requests whose clients will not wait for as long as upstreams take. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createPendingBench } from './attempts.test-support.ts';
import { UPSTREAMS } from './proxy.test-support.ts';

const impatient = { peer: '10.0.0.1', lines: ['Host: a', 'headgate-deadline-ms: 300'] };

/** One upstream that has taken half a second for each of its answers. */
function createSlow(t: TestContext) {
  const bench = createPendingBench(t, {
    services: { items: { upstreams: [{ url: UPSTREAMS[0] as string }] } },
    routes: [{ service: 'items' }],
    trustedProxies: ['10.0.0.0/8'],
  });
  for (let i = 0; i < 20; i++) {
    const { attempts } = bench.open();
    bench.pass(500);
    attempts[0]?.answer();
  }
  // Has what came last looked at.
  const { attempts } = bench.open();
  bench.pass(50);
  attempts[0]?.answer();
  return bench;
}

describe('a request with too little time left', () => {
  it('is refused, and no upstream hears of it', (t) => {
    const bench = createSlow(t);
    const { carrier, attempts } = bench.open(impatient);
    assert.equal(attempts.length, 0);
    assert.equal(carrier.page?.status, 504);
    const record = bench.finished.at(-1);
    assert.equal(record?.failure?.kind, 'deadline-too-short');
    assert.equal(record?.endedAt, 'acquire');
    bench.assertIdle();
  });

  it('is served while nothing is known', (t) => {
    const bench = createPendingBench(t, { trustedProxies: ['10.0.0.0/8'] });
    const { attempts } = bench.open(impatient);
    attempts[0]?.answer();
    assert.equal(bench.finished[0]?.status, 200);
  });

  it('is served again when upstreams have become quicker, though all others are as impatient', (t) => {
    const bench = createSlow(t);
    let served = 0;
    for (let i = 0; i < 200; i++) {
      const { attempts } = bench.open(impatient);
      bench.pass(5);
      if (attempts.length === 0) bench.pass(95);
      for (const attempt of attempts) attempt.answer();
      served += attempts.length;
    }
    assert.ok(served > 100, `${served} of 200`);
    bench.assertIdle();
  });

  it('is not served much more often while they stay slow', (t) => {
    const bench = createSlow(t);
    let asked = 0;
    for (let i = 0; i < 100; i++) {
      asked += bench.open(impatient).attempts.length;
      bench.pass(100);
    }
    assert.ok(asked > 0 && asked <= 10, `${asked} in ten seconds`);
    bench.pass(500);
    bench.assertIdle();
  });
});
