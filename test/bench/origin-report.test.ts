import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originCases, type WaitingCase } from './origin-cases.ts';
import { inPartnerCalls } from './origin-cost.ts';
import { costTable, judgeWaiting, waitingTable } from './origin-report.ts';
import type { Holding } from './origin-waiting.ts';
import type { Window } from './window.ts';

test('requests cut off at the end of a window count by the partner calls made for them', () => {
  const { requests, invalid } = inPartnerCalls(window({ requests: 40 }), 4_210, 100, 4);
  assert.equal(requests, 42.1);
  assert.equal(invalid, undefined);
});

test('a window in which a cache answered does not count, nor one with too many calls', () => {
  const fewer = inPartnerCalls(window({ requests: 40 }), 3_999, 100, 4);
  assert.equal(fewer.invalid, 'the partner answered 3999 calls for 40 requests');
  const more = inPartnerCalls(window({ requests: 40 }), 4_501, 100, 4);
  assert.equal(more.invalid, 'the partner answered 4501 calls for 40 requests');
});

test('what was wrong with a window already stays its reason', () => {
  const both = inPartnerCalls(window({ requests: 40, invalid: 'wrk complained' }), 1, 100, 4);
  assert.equal(both.invalid, 'wrk complained');
});

test('the goals of a case stand below its table', () => {
  const hello = originCases.find(({ name }) => name === 'hello');
  assert.ok(hello?.kind === 'cost');
  const windows = [
    window({ contestant: 'kit', userUs: 1_000 }),
    window({ contestant: 'fastapi', userUs: 9_000 }),
  ];
  const failures = [{ contestant: 'falcon-gevent', reason: 'it exited' }];
  const lines = costTable(hello, { windows, failures }).split('\n');
  assert.match(lines[0] ?? '', /^hello: JSON with a validated path parameter/);
  assert.deepEqual(lines.slice(-4), [
    '! falcon-gevent failed: it exited',
    'goal: kit at least 4 × less than fastapi: 5.0 × less than fastapi: reached',
    'goal: kit at least 6 × less than falcon-gevent: not measured',
    'goal: kit at most 1.35 × bare-hono: not measured',
  ]);
});

test('memory of a waiting request is what is there beyond idle, judged after a collection', () => {
  const waiting = originCases.find(({ kind }) => kind === 'waiting') as WaitingCase;
  const holdings = [
    holding({ contestant: 'kit-queued', round: 1, collectedRssBytes: 210e6 }),
    holding({ contestant: 'kit-queued', round: 2, collectedRssBytes: 230e6 }),
    holding({ contestant: 'kit-queued', round: 3, collectedRssBytes: 220e6 }),
  ];
  assert.deepEqual(judgeWaiting(waiting, holdings), [
    { goal: 'kit-queued at most 12 kB for each, collected', found: '12.0 kB', isReached: true },
    {
      goal: 'kit-on-the-wire at most 12 kB for each, collected',
      found: undefined,
      isReached: false,
    },
  ]);
  const table = waitingTable(waiting, { holdings, failures: [] });
  assert.match(table, /^kit-queued +10000 +64 .* 20\.0 \(20\.0-20\.0\) +12\.0 \(11\.0-13\.0\)$/m);
});

function window(known: Partial<Window>): Window {
  return {
    contestant: 'kit',
    round: 1,
    invalid: undefined,
    requests: 100,
    requestsPerSecond: 10,
    p50Us: 1,
    p99Us: 1,
    userUs: 1_000,
    systemUs: 1_000,
    rssBytes: 1,
    coreShare: 1,
    othersShare: 0,
    ...known,
  };
}

function holding(known: Partial<Holding>): Holding {
  return {
    contestant: 'kit-queued',
    round: 1,
    requests: 10_000,
    heldByPartner: 64,
    openingS: 1,
    idleRssBytes: 100e6,
    heldRssBytes: 300e6,
    collectedRssBytes: 200e6,
    ...known,
  };
}
