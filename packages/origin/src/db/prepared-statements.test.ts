import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PreparedStatements } from './prepared-statements.ts';

test('a text keeps its name while it is among the last used', () => {
  const statements = new PreparedStatements(2);
  const a = statements.take('a');
  const b = statements.take('b');
  assert.notEqual(a.name, b.name);
  assert.equal(statements.take('a'), a);
  assert.deepEqual(statements.takeForgotten(), []);
  statements.take('c');
  assert.equal(statements.take('a'), a);
  assert.deepEqual(statements.takeForgotten(), [b.name], 'the one used longest ago goes');
  assert.deepEqual(statements.takeForgotten(), []);
});

test('one that was forgotten comes back under another name', () => {
  const statements = new PreparedStatements(2);
  const first = statements.take('a');
  statements.forget(first);
  const second = statements.take('a');
  assert.notEqual(second.name, first.name);
  assert.equal(second.isReady, false);
  statements.forget(first);
  assert.equal(statements.take('a'), second, 'the new one is not forgotten for the old');
});
