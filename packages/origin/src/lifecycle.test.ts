import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLifecycle } from './lifecycle.ts';

test('a request is in flight until it ends, and counted from then on', () => {
  const lifecycle = createLifecycle();
  lifecycle.begin();
  lifecycle.begin();
  assert.deepEqual([lifecycle.inFlight, lifecycle.ended], [2, 0]);
  lifecycle.end();
  assert.deepEqual([lifecycle.inFlight, lifecycle.ended], [1, 1]);
});

test('a process that drains is healthy as long as others serve its address', () => {
  const lifecycle = createLifecycle();
  lifecycle.drain('address-stays');
  assert.deepEqual([lifecycle.isDraining, lifecycle.isHealthy], [true, true]);
  lifecycle.drain('address-leaves');
  assert.equal(lifecycle.isHealthy, false);
});

test('as many answers as connections are given up close theirs, and all when draining', () => {
  const lifecycle = createLifecycle();
  assert.equal(lifecycle.closesConnection(), false);
  lifecycle.giveUp(5);
  lifecycle.giveUp(2);
  const answers = [1, 2, 3].map(() => lifecycle.closesConnection());
  assert.deepEqual(answers, [true, true, false]);
  lifecycle.drain();
  assert.equal(lifecycle.closesConnection(), true);
});

test('draining is told to everyone who listens, once', () => {
  const lifecycle = createLifecycle();
  let told = 0;
  lifecycle.draining.addEventListener('abort', () => {
    told += 1;
  });
  assert.equal(lifecycle.isDraining, false);
  lifecycle.drain();
  lifecycle.drain();
  assert.equal(lifecycle.isDraining, true);
  assert.equal(told, 1);
});
