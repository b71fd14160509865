import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSingleFlight, type Flight, type Work } from './single-flight.ts';

/** Work that ends when the test says so, and remembers its flights. */
function controllableWork() {
  const flights: Flight[] = [];
  const runs: PromiseWithResolvers<string>[] = [];
  const abandonedFor: unknown[] = [];
  const work: Work<string> = {
    start(flight) {
      const run = Promise.withResolvers<string>();
      flights.push(flight);
      runs.push(run);
      return run.promise;
    },
    abandon: (reason) => abandonedFor.push(reason),
  };
  return { work, flights, runs, abandonedFor };
}

const workOf = <T>(start: () => Promise<T>): Work<T> => ({
  start,
  abandon: () => assert.fail('someone still waits'),
});

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('calls for one key share one run; other keys have their own', async () => {
  const single = createSingleFlight<string>();
  const { work, runs } = controllableWork();
  const calls = ['a', 'a', 'b', 'a'].map((key) => single.run(key, work));
  assert.equal(runs.length, 2);
  runs[0]?.resolve('A');
  runs[1]?.resolve('B');
  assert.deepEqual(await Promise.all(calls), [
    { value: 'A', isShared: false },
    { value: 'A', isShared: true },
    { value: 'B', isShared: false },
    { value: 'A', isShared: true },
  ]);
});

test('a call after the landing starts a new run', async () => {
  const single = createSingleFlight<number>();
  let runs = 0;
  const work = workOf(async () => ++runs);
  assert.equal(single.has('a'), false);
  const first = single.run('a', work);
  assert.equal(single.has('a'), true);
  assert.equal((await first).value, 1);
  assert.equal(single.has('a'), false);
  assert.equal((await single.run('a', work)).value, 2);
});

test('a waiter that leaves is told at once and the others get the result', async () => {
  const single = createSingleFlight<string>();
  const { work, runs, abandonedFor } = controllableWork();
  const leaver = new AbortController();
  const stayer = new AbortController();
  const left = single.run('a', work, leaver.signal);
  const stayed = single.run('a', work, stayer.signal);
  leaver.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  assert.deepEqual(abandonedFor, []);
  runs[0]?.resolve('A');
  assert.equal((await stayed).value, 'A');
});

test('the work is abandoned for the reason of the last waiter, and the next call starts anew', async () => {
  const single = createSingleFlight<string>();
  const { work, flights, runs, abandonedFor } = controllableWork();
  const [first, second] = [new AbortController(), new AbortController()];
  const calls = [single.run('a', work, first.signal), single.run('a', work, second.signal)];
  const settled = Promise.allSettled(calls);
  const lastReason = new Error('second');
  first.abort(new Error('first'));
  second.abort(lastReason);
  await settled;
  assert.deepEqual(abandonedFor, [lastReason]);
  assert.equal(flights[0]?.isCurrent, false);

  const next = single.run('a', work);
  assert.equal(runs.length, 2);
  runs[0]?.reject(new Error('nobody hears this, and nothing is unhandled'));
  await tick();
  assert.equal(flights[1]?.isCurrent, true, 'the abandoned run does not end the new one');
  runs[1]?.resolve('A');
  assert.equal((await next).value, 'A');
});

test('a waiter without a signal keeps the work alive', async () => {
  const single = createSingleFlight<string>();
  const { work, runs, abandonedFor } = controllableWork();
  const leaver = new AbortController();
  const stayed = single.run('a', work);
  const left = single.run('a', work, leaver.signal);
  leaver.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  assert.deepEqual(abandonedFor, []);
  runs[0]?.resolve('A');
  assert.equal((await stayed).value, 'A');
});

test('an aborted signal starts no work', async () => {
  const single = createSingleFlight<string>();
  const { work, runs } = controllableWork();
  await assert.rejects(single.run('a', work, AbortSignal.abort(new Error('gone'))), /gone/);
  assert.equal(runs.length, 0);
});

test('forgetting keys lets their waiters finish and the next calls start anew', async () => {
  for (const isEvery of [false, true]) {
    const single = createSingleFlight<string>();
    const { work, flights, runs, abandonedFor } = controllableWork();
    const [before, other] = [single.run('a', work), single.run('b', work)];
    if (isEvery) single.forgetEvery((key) => key === 'a');
    else single.forget('a');
    assert.deepEqual([single.has('a'), single.has('b')], [false, true]);
    assert.deepEqual([flights[0]?.isCurrent, flights[1]?.isCurrent], [false, true]);
    const after = single.run('a', work);
    runs[0]?.resolve('old');
    runs[1]?.resolve('other');
    runs[2]?.resolve('new');
    const landed = await Promise.all([before, other, after]);
    assert.deepEqual(
      landed.map(({ value }) => value),
      ['old', 'other', 'new'],
    );
    assert.deepEqual(abandonedFor, []);
  }
});

test('a failure reaches every waiter, thrown or rejected', async () => {
  const error = new Error('broken');
  const thrown = () => {
    throw error;
  };
  for (const start of [thrown, () => Promise.reject(error)]) {
    const single = createSingleFlight<string>();
    const work = workOf(start);
    const settled = await Promise.allSettled([single.run('a', work), single.run('a', work)]);
    for (const one of settled) assert.equal(one.status === 'rejected' && one.reason, error);
  }
});

test('a landed flight leaves no listener on its waiters’ signals', async () => {
  const single = createSingleFlight<string>();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners += 1;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners -= 1;
    removeEventListener.apply(signal, args);
  };
  await single.run(
    'a',
    workOf(async () => 'A'),
    signal,
  );
  await tick();
  assert.equal(listeners, 0);
});
