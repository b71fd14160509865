import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLifecycle } from './lifecycle.ts';

test('a request that ends twice is counted once', () => {
  const lifecycle = createLifecycle();
  const end = lifecycle.begin();
  lifecycle.begin();
  assert.equal(lifecycle.inFlight, 2);
  end();
  end();
  assert.equal(lifecycle.inFlight, 1);
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
