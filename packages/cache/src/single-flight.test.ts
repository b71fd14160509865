import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSingleFlight, type Flight } from './single-flight.ts';

/** Work that ends when the test says so, and remembers its flights. */
function controllableWork() {
  const flights: Flight[] = [];
  const runs: PromiseWithResolvers<string>[] = [];
  const work = (flight: Flight) => {
    const run = Promise.withResolvers<string>();
    flights.push(flight);
    runs.push(run);
    return run.promise;
  };
  return { work, flights, runs };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('calls for one key share one run; other keys have their own', async () => {
  const single = createSingleFlight<string>();
  const { work, runs } = controllableWork();
  const calls = ['a', 'a', 'b', 'a'].map((key) => single.run(key, work));
  await tick();
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
  const work = async () => ++runs;
  assert.equal((await single.run('a', work)).value, 1);
  assert.equal((await single.run('a', work)).value, 2);
});

test('a waiter that leaves is told at once and the others get the result', async () => {
  const single = createSingleFlight<string>();
  const { work, flights, runs } = controllableWork();
  const leaver = new AbortController();
  const stayer = new AbortController();
  const left = single.run('a', work, leaver.signal);
  const stayed = single.run('a', work, stayer.signal);
  await tick();
  leaver.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  assert.equal(flights[0]?.signal.aborted, false);
  runs[0]?.resolve('A');
  assert.equal((await stayed).value, 'A');
});

test('the work is aborted with the reason of the last waiter, and the next call starts anew', async () => {
  const single = createSingleFlight<string>();
  const { work, flights, runs } = controllableWork();
  const [first, second] = [new AbortController(), new AbortController()];
  const calls = [single.run('a', work, first.signal), single.run('a', work, second.signal)];
  const settled = Promise.allSettled(calls);
  await tick();
  first.abort(new Error('first'));
  second.abort(new Error('second'));
  await settled;
  assert.equal(flights[0]?.signal.reason.message, 'second');
  assert.equal(flights[0]?.isCurrent, false);

  const next = single.run('a', work);
  await tick();
  assert.equal(runs.length, 2);
  runs[0]?.reject(new Error('nobody hears this, and nothing is unhandled'));
  await tick();
  assert.equal(flights[1]?.isCurrent, true, 'the abandoned run does not end the new one');
  runs[1]?.resolve('A');
  assert.equal((await next).value, 'A');
});

test('a waiter without a signal keeps the work alive', async () => {
  const single = createSingleFlight<string>();
  const { work, flights, runs } = controllableWork();
  const leaver = new AbortController();
  const stayed = single.run('a', work);
  const left = single.run('a', work, leaver.signal);
  leaver.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  assert.equal(flights[0]?.signal.aborted, false);
  runs[0]?.resolve('A');
  assert.equal((await stayed).value, 'A');
});

test('an aborted signal starts no work', async () => {
  const single = createSingleFlight<string>();
  const { work, runs } = controllableWork();
  await assert.rejects(single.run('a', work, AbortSignal.abort(new Error('gone'))), /gone/);
  await tick();
  assert.equal(runs.length, 0);
});

test('forgetting a key lets its waiters finish and the next call start anew', async () => {
  const single = createSingleFlight<string>();
  const { work, flights, runs } = controllableWork();
  const before = single.run('a', work);
  await tick();
  single.forget('a');
  assert.equal(flights[0]?.isCurrent, false);
  assert.equal(flights[0]?.signal.aborted, false);
  const after = single.run('a', work);
  await tick();
  runs[0]?.resolve('old');
  runs[1]?.resolve('new');
  assert.equal((await before).value, 'old');
  assert.equal((await after).value, 'new');
});

test('a failure reaches every waiter, thrown or rejected', async () => {
  const single = createSingleFlight<string>();
  const error = new Error('broken');
  const work = () => {
    throw error;
  };
  const settled = await Promise.allSettled([single.run('a', work), single.run('a', work)]);
  for (const result of settled) assert.equal(result.status === 'rejected' && result.reason, error);
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
  await single.run('a', async () => 'A', signal);
  await tick();
  assert.equal(listeners, 0);
});
