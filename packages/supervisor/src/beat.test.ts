import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBeatDue } from './beat.ts';

function facts(connections: number) {
  return { connections, requests: 0, inFlight: 0 };
}

test('the first beat is due at once, and the next ones every second', () => {
  assert.equal(isBeatDue(0, undefined, facts(0)), true);
  assert.equal(isBeatDue(999, facts(5), facts(5)), false);
  assert.equal(isBeatDue(1_000, facts(5), facts(5)), true);
});

test('a beat comes sooner when connections have changed by 8 and by more than 5 %', () => {
  assert.equal(isBeatDue(100, facts(10), facts(17)), false);
  assert.equal(isBeatDue(100, facts(10), facts(18)), true);
  assert.equal(isBeatDue(100, facts(10), facts(2)), true);
  assert.equal(isBeatDue(100, facts(1_000), facts(1_050)), false);
  assert.equal(isBeatDue(100, facts(1_000), facts(949)), true);
});
