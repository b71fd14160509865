import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PoolBench } from './pool.test-support.ts';

test('connections are opened when they are asked for, up to size and overflow', async () => {
  const bench = new PoolBench();
  assert.deepEqual(bench.pool.status, {
    size: 0,
    maxSize: 3,
    inUse: 0,
    overflow: 0,
    waiting: 0,
  });
  const askers = [bench.ask(), bench.ask(), bench.ask(), bench.ask()];
  await bench.settle();
  assert.deepEqual(
    askers.map(({ member }) => member?.id),
    [1, 2, 3, undefined],
  );
  assert.deepEqual(bench.pool.status, { size: 3, maxSize: 3, inUse: 3, overflow: 1, waiting: 1 });
});

test('what is beyond the size is closed when it is returned, the rest is kept', async () => {
  const bench = new PoolBench();
  const members = [await bench.borrow(), await bench.borrow(), await bench.borrow()];
  for (const member of members) bench.pool.release(member);
  assert.deepEqual(
    members.map(({ closes }) => closes),
    [1, 0, 0],
  );
  assert.equal(bench.pool.status.size, 2);
});

test('an overflow connection goes to who waits before it is closed', async () => {
  const bench = new PoolBench();
  const [first] = [await bench.borrow(), await bench.borrow(), await bench.borrow()];
  const waiting = bench.ask();
  await bench.settle();
  bench.pool.release(first);
  assert.equal(waiting.member, first);
  assert.equal(first.closes, 0);
});

test('the connection used last is used first', async () => {
  const bench = new PoolBench();
  const [a, b] = [await bench.borrow(), await bench.borrow()];
  bench.pool.release(a);
  bench.pool.release(b);
  assert.equal(await bench.borrow(), b);
});

test('connections are given out in the order they were asked for', async () => {
  const bench = new PoolBench({ poolSize: 1, maxOverflow: 0 });
  const member = await bench.borrow();
  const askers = [bench.ask(), bench.ask(), bench.ask()];
  await bench.settle();
  for (const asker of askers) {
    bench.pool.release(member);
    assert.equal(asker.member, member);
  }
  assert.deepEqual(
    bench.served.map(({ number }) => number),
    [1, 2, 3, 4],
  );
});

test('nobody overtakes those who wait', async () => {
  const bench = new PoolBench({ poolSize: 1, maxOverflow: 0 });
  const member = await bench.borrow();
  const early = bench.ask();
  await bench.settle();
  assert.equal(bench.pool.take(), undefined);
  bench.pool.release(member);
  assert.equal(early.member, member);
});

test('who waits too long is told so, in order, and no timer is left', async () => {
  const bench = new PoolBench({ poolSize: 1, maxOverflow: 0 });
  const member = await bench.borrow();
  const first = bench.ask();
  await bench.advance(30);
  const second = bench.ask();
  await bench.advance(70);
  assert.deepEqual(first.failure, { kind: 'exhausted', cause: undefined });
  assert.equal(second.failure, undefined);
  await bench.advance(30);
  assert.deepEqual(second.failure, { kind: 'exhausted', cause: undefined });
  assert.equal(bench.timers, 0);
  bench.pool.release(member);
  assert.equal(await bench.borrow(), member);
});

test('who leaves the queue is passed over', async () => {
  const bench = new PoolBench({ poolSize: 1, maxOverflow: 0 });
  const member = await bench.borrow();
  const [leaver, next] = [bench.ask(), bench.ask()];
  await bench.settle();
  leaver.leave();
  assert.equal(bench.pool.status.waiting, 1);
  bench.pool.release(member);
  assert.equal(leaver.member, undefined);
  assert.equal(next.member, member);
  assert.equal(bench.timers, 0);
});

test('a connection that was opened for somebody who left is kept for the next', async () => {
  const bench = new PoolBench();
  bench.ask().leave();
  const stays = bench.ask();
  stays.leave();
  await bench.settle();
  assert.ok(bench.pool.status.size <= 1);
  assert.equal(bench.pool.status.inUse, 0);
});

test('a connection past its time is replaced when it is next asked for', async () => {
  const bench = new PoolBench({ checkAfterIdleMs: Number.POSITIVE_INFINITY });
  const old = await bench.borrow();
  bench.pool.release(old);
  await bench.advance(9_999);
  assert.equal(await bench.borrow(), old);
  bench.pool.release(old);
  await bench.advance(1);
  const young = await bench.borrow();
  assert.notEqual(young, old);
  assert.equal(old.closes, 1);
  await bench.advance(10_000);
  bench.pool.release(young);
  assert.equal(young.closes, 1, 'one that grew old in use is closed on return');
});

test('a connection is checked after it has been idle for long, and only then', async () => {
  const bench = new PoolBench();
  const member = await bench.borrow();
  bench.pool.release(member);
  await bench.advance(999);
  bench.pool.release(await bench.borrow());
  assert.equal(member.checks, 0);
  await bench.advance(1_000);
  assert.equal(await bench.borrow(), member);
  assert.equal(member.checks, 1);
});

test('a dead connection is found by its check and replaced', async () => {
  const bench = new PoolBench();
  const dead = await bench.borrow();
  bench.pool.release(dead);
  dead.isAlive = false;
  await bench.advance(1_000);
  const member = await bench.borrow();
  assert.notEqual(member, dead);
  assert.equal(dead.closes, 1);
  assert.equal(bench.pool.status.size, 1);
});

test('when one connection ends by itself, the idle ones are checked before they are used', async () => {
  const bench = new PoolBench();
  const [a, b] = [await bench.borrow(), await bench.borrow()];
  bench.pool.release(a);
  await bench.advance(1);
  b.end();
  bench.pool.release(b);
  assert.equal(bench.pool.status.size, 1);
  assert.equal(await bench.borrow(), a);
  assert.equal(a.checks, 1);
  bench.pool.release(a);
  await bench.advance(1);
  assert.equal(await bench.borrow(), a);
  assert.equal(a.checks, 1, 'once is enough');
});

test('a connection that ends while it is idle is not given out', async () => {
  const bench = new PoolBench();
  const member = await bench.borrow();
  bench.pool.release(member);
  member.end();
  assert.equal(bench.pool.status.size, 0);
  assert.notEqual(await bench.borrow(), member);
});

test('when none can be opened and none is open, those who wait are told why', async () => {
  const bench = new PoolBench();
  const openError = new Error('refused');
  bench.openError = openError;
  const askers = [bench.ask(), bench.ask(), bench.ask(), bench.ask(), bench.ask()];
  await bench.settle();
  for (const { failure } of askers) {
    assert.deepEqual(failure, { kind: 'unreachable', cause: openError });
  }
  bench.openError = undefined;
  await bench.borrow();
});

test('when no more can be opened, those who wait get what is returned', async () => {
  const bench = new PoolBench();
  const member = await bench.borrow();
  bench.openError = new Error('too many connections');
  const [served, late] = [bench.ask(), bench.ask()];
  await bench.settle();
  assert.equal(served.failure, undefined);
  bench.pool.release(member);
  assert.equal(served.member, member);
  await bench.advance(100);
  assert.deepEqual(late.failure, { kind: 'exhausted', cause: bench.openError });
});

test('closing fails those who wait, and waits for what is in use', async () => {
  const bench = new PoolBench({ poolSize: 2, maxOverflow: 0 });
  const [used, idle] = [await bench.borrow(), await bench.borrow()];
  bench.pool.release(idle);
  const taken = await bench.borrow();
  const waiting = bench.ask();
  await bench.settle();
  let isClosed = false;
  const closing = bench.pool.close(50).then(() => {
    isClosed = true;
  });
  await bench.settle();
  assert.deepEqual(waiting.failure, { kind: 'closed' });
  bench.pool.release(taken);
  await bench.settle();
  assert.equal(isClosed, false);
  bench.pool.release(used);
  await closing;
  assert.deepEqual([used.closes, idle.closes], [1, 1]);
  assert.equal(bench.timers, 0);
  assert.equal(bench.pool.take(), undefined);
  const after = bench.ask();
  await bench.settle();
  assert.deepEqual(after.failure, { kind: 'closed' });
});

test('closing does not wait for ever', async () => {
  const bench = new PoolBench();
  const used = await bench.borrow();
  const closing = bench.pool.close(50);
  await bench.advance(50);
  await closing;
  assert.equal(used.closes, 1);
});
