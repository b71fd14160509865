import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAdmission } from './admission.ts';

const { signal } = new AbortController();

test('callers beyond the limit wait and are admitted in the order they came', async () => {
  const admission = createAdmission({ maxInFlight: 1, maxQueue: 9 });
  const leave = await admission.enter(signal);
  const order: number[] = [];
  const waiters = [1, 2, 3].map(async (n) => {
    const done = await admission.enter(signal);
    order.push(n);
    done?.();
  });
  assert.deepEqual([admission.inFlight, admission.queued], [1, 3]);
  leave?.();
  await Promise.all(waiters);
  assert.deepEqual(order, [1, 2, 3]);
  assert.deepEqual([admission.inFlight, admission.queued], [0, 0]);
});

test('a full queue turns callers away', async () => {
  const admission = createAdmission({ maxInFlight: 1, maxQueue: 1 });
  await admission.enter(signal);
  void admission.enter(signal);
  assert.equal(await admission.enter(signal), undefined);
  assert.deepEqual([admission.inFlight, admission.queued], [1, 1]);
});

test('a waiter that gives up frees its place and takes none later', async () => {
  const admission = createAdmission({ maxInFlight: 1, maxQueue: 1 });
  const leave = await admission.enter(signal);
  const caller = new AbortController();
  const waiting = admission.enter(caller.signal);
  caller.abort(new Error('left'));
  await assert.rejects(waiting, { message: 'left' });
  assert.equal(admission.queued, 0);
  leave?.();
  assert.equal(admission.inFlight, 0);
});

test('a place given back twice is free once', async () => {
  const admission = createAdmission({ maxInFlight: 2, maxQueue: 0 });
  const leave = await admission.enter(signal);
  await admission.enter(signal);
  leave?.();
  leave?.();
  assert.equal(admission.inFlight, 1);
});

test('a place is had at once while there are any, without a wait', () => {
  const admission = createAdmission({ maxInFlight: 1, maxQueue: 1 });
  const leave = admission.enterNow();
  assert.ok(leave);
  assert.equal(admission.enterNow(), undefined);
  assert.deepEqual([admission.inFlight, admission.queued], [1, 0]);
  leave();
  assert.equal(admission.inFlight, 0);
});

test('a caller that has already left is not admitted', async () => {
  const admission = createAdmission({ maxInFlight: 1, maxQueue: 1 });
  await assert.rejects(admission.enter(AbortSignal.abort(new Error('left'))), { message: 'left' });
  assert.equal(admission.inFlight, 0);
});
