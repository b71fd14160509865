import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpProblem } from '../problem.ts';
import { CallLimit } from './call-limit.ts';

function start(t: TestContext, caller = new AbortController()) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limit = new CallLimit(caller.signal, 100);
  t.after(() => limit.end());
  const told: unknown[] = [];
  limit.onOver = (reason) => told.push(reason);
  return { limit, caller, told };
}

test('a call is over when its time is up, not before', (t) => {
  const { limit, told } = start(t);
  t.mock.timers.tick(99);
  assert.deepEqual([limit.isOver, told], [false, []]);
  t.mock.timers.tick(1);
  assert.equal(limit.isOver, true);
  assert.ok(limit.reason instanceof HttpProblem && limit.reason.kind === 'timeout');
  assert.deepEqual(told, [limit.reason]);
});

test('a call is over when its caller leaves, and time that is up later changes nothing', (t) => {
  const { limit, caller, told } = start(t);
  caller.abort('gone');
  t.mock.timers.tick(100);
  assert.deepEqual([limit.isOver, limit.reason, told], [true, 'gone', ['gone']]);
});

test('a call of a caller that had already left is over from the start', (t) => {
  const caller = new AbortController();
  caller.abort('gone');
  const { limit } = start(t, caller);
  assert.deepEqual([limit.isOver, limit.reason], [true, 'gone']);
});

test('a call that has ended hears of nothing any more', (t) => {
  const { limit, caller, told } = start(t);
  limit.end();
  t.mock.timers.tick(100);
  caller.abort('gone');
  assert.deepEqual([limit.isOver, told], [false, []]);
});
