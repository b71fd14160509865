import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PassMarks } from './pass-marks.ts';

function createMarks() {
  const clock = { nowMs: 5 };
  return { clock, marks: new PassMarks(() => clock.nowMs) };
}

test('a mark ends by itself after ten seconds, counted from the last time it was set', () => {
  const { clock, marks } = createMarks();
  assert.equal(marks.has('a'), false);
  marks.add('a');
  clock.nowMs += 9_999;
  assert.equal(marks.has('a'), true);
  marks.add('a');
  clock.nowMs += 9_999;
  assert.equal(marks.has('a'), true);
  clock.nowMs += 1;
  assert.equal(marks.has('a'), false);
  assert.equal(marks.size, 0);
});

test('a mark that was taken away is gone, and others are not', () => {
  const { marks } = createMarks();
  marks.add('a');
  marks.add('b');
  marks.delete('a');
  marks.delete('never set');
  assert.deepEqual([marks.has('a'), marks.has('b')], [false, true]);
});

test('marks that have ended make room though nobody asks for them', () => {
  const { clock, marks } = createMarks();
  for (let i = 0; i < 1_000; i++) marks.add(`old ${i}`);
  clock.nowMs += 10_000;
  marks.add('new');
  assert.equal(marks.size, 1);
});

test('no more than 50,000 are remembered, and the oldest are forgotten first', () => {
  const { marks } = createMarks();
  for (let i = 0; i < 50_000; i++) marks.add(`${i}`);
  marks.add('0');
  marks.add('one more');
  assert.equal(marks.size, 50_000);
  assert.equal(marks.has('1'), false);
  assert.deepEqual(
    ['0', '2', 'one more'].map((key) => marks.has(key)),
    [true, true, true],
  );
});
