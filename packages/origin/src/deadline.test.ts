import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createDeadline, type DeadlineOptions, parseDeadline } from './deadline.ts';
import { HttpProblem } from './problem.ts';

const forever = Number.POSITIVE_INFINITY;

function start(t: TestContext, options: Partial<DeadlineOptions> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 1000;
  const client = new AbortController();
  const deadline = createDeadline({
    arrivedAtMs: nowMs,
    budgetMs: 100,
    client: client.signal,
    now: () => nowMs,
    ...options,
  });
  const advance = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  return { deadline, client, advance };
}

function kindOf(signal: AbortSignal): string | undefined {
  return signal.reason instanceof HttpProblem ? signal.reason.kind : undefined;
}

test('the signal aborts when the budget is used up, not before', (t) => {
  const { deadline, advance } = start(t);
  assert.equal(deadline.signal.aborted, false);
  advance(99);
  assert.equal(deadline.signal.aborted, false);
  assert.equal(deadline.remainingMs(), 1);
  advance(1);
  assert.equal(kindOf(deadline.signal), 'timeout');
  assert.equal(deadline.remainingMs(), 0);
});

test('a caller can shorten the budget but not lengthen it', (t) => {
  assert.equal(start(t, { callerBudgetMs: 30 }).deadline.remainingMs(), 30);
  t.mock.timers.reset();
  assert.equal(start(t, { callerBudgetMs: 3000 }).deadline.remainingMs(), 100);
});

test('a route can raise the budget, within what the caller allows', (t) => {
  const { deadline, advance } = start(t, { callerBudgetMs: 500 });
  assert.equal(deadline.signal.aborted, false);
  advance(50);
  deadline.raise(200);
  advance(199);
  assert.equal(deadline.signal.aborted, false);
  deadline.raise(forever);
  assert.equal(deadline.remainingMs(), 251);
  advance(251);
  assert.equal(kindOf(deadline.signal), 'timeout');
});

test('without any deadline there is no timer that fires at once', (t) => {
  const { deadline, advance } = start(t, { budgetMs: forever });
  assert.equal(deadline.signal.aborted, false);
  advance(10_000_000);
  assert.equal(deadline.signal.aborted, false);
  assert.equal(deadline.remainingMs(), forever);
});

test('the signal aborts when the client leaves, and says so', (t) => {
  const { deadline, client } = start(t);
  assert.equal(deadline.signal.aborted, false);
  client.abort('gone');
  assert.equal(kindOf(deadline.signal), 'client-gone');
});

test('a client that left is told of even when the end of its response came first', (t) => {
  const { deadline, client } = start(t);
  deadline.end();
  client.abort('gone');
  assert.equal(kindOf(deadline.signal), 'client-gone');
});

test('a client that had already left aborts at once', (t) => {
  const { deadline } = start(t, { client: AbortSignal.abort('gone') });
  assert.equal(kindOf(deadline.signal), 'client-gone');
});

test('a request that is over has no deadline any more', (t) => {
  const { deadline, advance } = start(t);
  assert.equal(deadline.signal.aborted, false);
  deadline.end();
  advance(1000);
  assert.equal(deadline.signal.aborted, false);
});

test('a deadline nobody watches sets no timer, and is told at once when it has passed', (t) => {
  const { deadline, advance } = start(t);
  advance(100);
  assert.ok(!deadline.endedBy);
  assert.equal(kindOf(deadline.signal), 'timeout');
});

test('time that went by before the deadline was first asked for is used up', (t) => {
  const { deadline, advance } = start(t, { arrivedAtMs: 960 });
  assert.equal(deadline.remainingMs(), 60);
  assert.equal(deadline.signal.aborted, false);
  advance(60);
  assert.equal(kindOf(deadline.signal), 'timeout');
});

test('what came first is the reason that stays', (t) => {
  const { deadline, client, advance } = start(t);
  assert.equal(deadline.signal.aborted, false);
  client.abort('gone');
  advance(1000);
  assert.equal(kindOf(deadline.signal), 'client-gone');
  assert.equal(deadline.endedBy?.kind, 'client-gone');
});

test('only a whole number of milliseconds is a deadline', () => {
  const cases: [string | undefined, number | undefined][] = [
    ['250', 250],
    ['0', 0],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['5s', undefined],
    ['99999999999', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDeadline(text), expected, String(text));
});
