import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CrashLoop } from './crash-loop.ts';

test('the wait doubles from 100 ms to 10 s for workers that die soon', () => {
  const loop = new CrashLoop();
  let nowMs = 0;
  const waits = Array.from({ length: 9 }, () => {
    const delayMs = loop.died(nowMs, 50);
    nowMs += delayMs + 50;
    return delayMs;
  });
  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('a worker that lived for 10 s is replaced at once, and the wait begins anew', () => {
  const loop = new CrashLoop();
  loop.died(0, 50);
  loop.died(200, 50);
  assert.equal(loop.died(20_000, 10_000), 0);
  assert.equal(loop.died(20_100, 9_999), 100);
});

test('early deaths that are far apart are no loop', () => {
  const loop = new CrashLoop();
  assert.equal(loop.died(0, 50), 100);
  assert.equal(loop.died(10_100, 50), 100);
  assert.equal(loop.died(20_199, 50), 200);
});
