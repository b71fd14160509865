import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Asker, PoolBench } from './pool.test-support.ts';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ act: 'ask' } as const) },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('return' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('leave' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('break' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('hang' as const), at: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('wait' as const), forMs: fc.nat(1_500) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('server' as const), isUp: fc.boolean() }) },
  { weight: 4, arbitrary: fc.constant({ act: 'settle' } as const) },
);

const limits = fc.record({
  poolSize: fc.integer({ min: 1, max: 4 }),
  maxOverflow: fc.nat(3),
  poolTimeoutMs: fc.integer({ min: 1, max: 500 }),
  poolRecycleMs: fc.integer({ min: 1, max: 5_000 }),
  checkAfterIdleMs: fc.integer({ min: 1, max: 2_000 }),
});

/** The one at `at` of a list that may be shorter. */
function pick<T>(list: readonly T[], at: number): T | undefined {
  return list.length === 0 ? undefined : list[at % list.length];
}

test('whatever happens: never too many, never two on one, in order, and nobody is lost', async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 80 }), async (chosen, steps) => {
      const bench = new PoolBench(chosen);
      const max = chosen.poolSize + chosen.maxOverflow;
      const askers: Asker[] = [];
      const returned = new Set<Asker>();
      const left = new Set<Asker>();
      const holders = () => askers.filter((one) => one.member && !returned.has(one));
      const waiting = () => askers.filter((one) => !one.member && !one.failure && !left.has(one));
      const giveBack = (asker: Asker | undefined) => {
        if (!asker?.member) return;
        returned.add(asker);
        bench.pool.release(asker.member);
      };
      const verify = () => {
        const { status } = bench.pool;
        assert.ok(status.size <= max, `${status.size} connections of at most ${max}`);
        assert.equal(status.inUse, holders().length);
        assert.equal(status.waiting, waiting().length);
        const held = holders().map(({ member }) => member);
        assert.equal(new Set(held).size, held.length, 'two hold the same connection');
        const order = bench.served.map(({ number }) => number);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
          'somebody was overtaken',
        );
      };

      for (const one of steps) {
        if (one.act === 'ask') askers.push(bench.ask());
        else if (one.act === 'return') giveBack(pick(holders(), one.at));
        else if (one.act === 'break') pick(bench.opened, one.at)?.end();
        else if (one.act === 'wait') await bench.advance(one.forMs);
        else if (one.act === 'settle') await bench.settle();
        else if (one.act === 'server') bench.openError = one.isUp ? undefined : new Error('down');
        else if (one.act === 'hang') {
          const member = pick(bench.opened, one.at);
          if (member) member.isAlive = false;
        } else {
          const leaver = pick(waiting(), one.at);
          leaver?.leave();
          if (leaver) left.add(leaver);
        }
        verify();
      }

      // Everybody who is still waiting is served or told why not, and everything can be closed.
      bench.openError = undefined;
      while (holders().length + waiting().length > 0) {
        await bench.advance(1);
        for (const holder of holders()) giveBack(holder);
        verify();
      }
      await bench.pool.close(0);
      await bench.settle();
      assert.equal(bench.timers, 0, 'a timer is left');
      for (const member of bench.opened) assert.equal(member.isUsable, false, 'one was left open');
    }),
    { numRuns: 500 },
  );
});
