import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawJitter, findDue, type Recyclable } from './recycle.ts';

function worker(given: Partial<Recyclable> & { readonly requests?: number } = {}): Recyclable {
  const { requests = 0, ...rest } = given;
  const facts = { connections: 0, requests, inFlight: 0 };
  return { ageMs: 0, memoryBytes: undefined, jitter: 1, wantsToLeave: false, facts, ...rest };
}

test('nobody is due without limits', () => {
  const ready = [worker({ requests: 1e12, ageMs: 1e12, memoryBytes: 1e12 })];
  assert.equal(findDue(ready, {}), undefined);
});

test('the first worker over a limit is due, with the figures', () => {
  const due = worker({ requests: 100_214 });
  assert.deepEqual(findDue([worker(), due], { requests: 100_000 }), {
    worker: due,
    why: 'served 100,214 of 100,000 requests',
  });
  const old = worker({ ageMs: 3_600_000 });
  assert.deepEqual(findDue([worker(), old], { ageMs: 3_600_000 }), {
    worker: old,
    why: 'has run for 3,600 of 3,600 s',
  });
  const large = worker({ memoryBytes: 1_025 * 2 ** 20 });
  assert.deepEqual(findDue([worker(), large], { memoryBytes: 2 ** 30 }), {
    worker: large,
    why: 'has 1,025 of 1,024 MiB of memory',
  });
});

test('requests and age are limited differently for each worker, memory is not', () => {
  const given = { requests: 950, ageMs: 950, memoryBytes: 950 };
  const strict = worker({ ...given, jitter: 0.9 });
  const lenient = worker({ ...given, jitter: 1.1 });
  assert.equal(findDue([lenient, strict], { requests: 1_000 })?.worker, strict);
  assert.equal(findDue([lenient, strict], { ageMs: 1_000 })?.worker, strict);
  assert.equal(findDue([lenient, strict], { memoryBytes: 1_000 }), undefined);
  assert.deepEqual(
    [0, 0.5, 1].map((random) => drawJitter(() => random)),
    [0.9, 1, 1.1],
  );
});

test('a worker that was told to leave comes first', () => {
  const leaving = worker({ wantsToLeave: true });
  const due = findDue([worker({ requests: 10 }), leaving], { requests: 1 });
  assert.equal(due?.worker, leaving);
});
