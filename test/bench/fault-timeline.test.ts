import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doneMs, type Fault, failShareAt, slowdownAt } from './fault-timeline.ts';

test('slowness lasts from its beginning to just before its end', () => {
  const faults: Fault[] = [{ kind: 'slow', fromMs: 100, toMs: 200, factor: 10 }];
  assert.deepEqual(
    [99, 100, 199, 200].map((ms) => slowdownAt(faults, ms)),
    [1, 10, 10, 1],
  );
});

test('of two failures at a time the worse one counts', () => {
  const faults: Fault[] = [
    { kind: 'fail', fromMs: 0, toMs: 1_000, share: 0.01 },
    { kind: 'fail', fromMs: 100, toMs: 200, share: 1 },
  ];
  assert.deepEqual(
    [50, 150, 250, 1_000].map((ms) => failShareAt(faults, ms)),
    [0.01, 1, 0.01, 0],
  );
});

test('work stands still in pauses', () => {
  const faults: Fault[] = [
    { kind: 'pause', fromMs: 100, toMs: 300 },
    { kind: 'slow', fromMs: 0, toMs: 9_000, factor: 2 },
    { kind: 'pause', fromMs: 400, toMs: 500 },
  ];
  assert.equal(doneMs(faults, 0, 100), 100, 'done when the pause begins');
  assert.equal(doneMs(faults, 0, 150), 350, 'the rest after it');
  assert.equal(doneMs(faults, 50, 160), 510, 'two of them');
  assert.equal(doneMs(faults, 200, 10), 310, 'begun within one');
  assert.equal(doneMs(faults, 600, 10), 610, 'all over');
});
