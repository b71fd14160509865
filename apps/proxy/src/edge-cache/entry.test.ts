import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageOf, Body } from './entry.ts';
import { storedAnswer, terms } from './stored-answer.test-support.ts';

test('an answer is as old as it was when it came, and the time since', () => {
  const answer = storedAnswer({ terms: terms({ ageMs: 3_000 }), sinceMs: 10_000 });
  assert.equal(ageOf(answer, 10_000), 3_000);
  assert.equal(ageOf(answer, 12_500), 5_500);
});

test('a body in one chunk is joined without a copy', () => {
  const body = new Body();
  const chunk = Buffer.from('all');
  body.add(chunk);
  assert.equal(body.join(), chunk);
  body.add(Buffer.from(' of it'));
  assert.equal(body.join().toString(), 'all of it');
  assert.equal(body.sizeBytes, 9);
});
