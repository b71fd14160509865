import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { levelAt } from './knots.ts';

describe('levelAt', () => {
  const knots = [
    { atMs: 100, level: 10 },
    { atMs: 200, level: 20 },
    { atMs: 200, level: 50 },
    { atMs: 300, level: 50 },
    { atMs: 300, level: 0 },
  ];

  it('is on the line between two points', () => {
    assert.equal(levelAt(knots, 100), 10);
    assert.equal(levelAt(knots, 125), 12.5);
    assert.equal(levelAt(knots, 250), 50);
  });

  it('is that of the first point before it, and of the last after it', () => {
    assert.equal(levelAt(knots, 0), 10);
    assert.equal(levelAt(knots, 1_000), 0);
    assert.equal(levelAt([{ atMs: 5, level: 7 }], 0), 7);
    assert.equal(levelAt([{ atMs: 5, level: 7 }], 9), 7);
  });

  it('has jumped at the time of a jump, and not before', () => {
    assert.ok(levelAt(knots, 199.999) < 20);
    assert.equal(levelAt(knots, 200), 50);
    assert.equal(levelAt(knots, 299.999), 50);
    assert.equal(levelAt(knots, 300), 0);
  });

  it('is the later level of a jump at the very beginning', () => {
    const jump = [
      { atMs: 0, level: 1 },
      { atMs: 0, level: 2 },
      { atMs: 10, level: 4 },
    ];
    assert.equal(levelAt(jump, 0), 2);
    assert.equal(levelAt(jump, 5), 3);
  });
});
