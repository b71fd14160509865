import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KILLED } from './fake-workers.test-support.ts';
import { eventually } from './supervised-server.test-support.ts';
import { createTrial } from './supervisor.test-support.ts';

test('a worker that is killed is replaced at once, when it had served for a while', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  await trial.pass(60_000);
  trial.said();
  trial.workers.get(1).ends(KILLED);
  await trial.clock.pass(0);
  assert.deepEqual(trial.ready(), [2, 3]);
  assert.equal(trial.said()[0], 'worker 1 was ended by SIGKILL after 60.0 s; another is started');
  await trial.supervisor.stop('quick');
});

test('workers that die soon after their start are started again at growing distances', async () => {
  const trial = createTrial({ workers: 1 });
  await trial.supervisor.start();
  for (const delayMs of [100, 200, 400]) {
    const worker = trial.workers.all.length;
    trial.workers.get(worker).ends({ code: 1, signal: null });
    await trial.clock.pass(delayMs - 1);
    assert.equal(trial.workers.all.length, worker);
    await trial.clock.pass(1);
    assert.deepEqual(trial.ready(), [worker + 1]);
  }
  await trial.supervisor.stop('quick');
});

test('workers that die together are one death', async () => {
  const trial = createTrial({ workers: 4 });
  await trial.supervisor.start();
  trial.said();
  for (const id of [1, 2, 3, 4]) trial.workers.get(id).ends({ code: 1, signal: null });
  await trial.clock.pass(0);
  assert.ok(trial.said().every((line) => line.endsWith('; another is started in 100 ms')));
  await trial.clock.pass(100);
  assert.deepEqual(trial.ready(), [5, 6, 7, 8]);
  for (const id of [5, 6, 7, 8]) trial.workers.get(id).ends({ code: 1, signal: null });
  await trial.clock.pass(200);
  assert.deepEqual(trial.ready(), [9, 10, 11, 12]);
  await trial.supervisor.stop('quick');
});

test('the first start fails with what the first worker says, and ends the others', async () => {
  const trial = createTrial({ workers: 3 });
  trial.workers.behaviour.boot = 'refuse';
  await assert.rejects(trial.supervisor.start(), { message: 'no upstream is configured' });
  assert.deepEqual(trial.workers.alive, []);
  assert.equal(trial.workers.all.length, 3);
  assert.equal(trial.clock.timers, 0);
});

test('a later start that fails is tried again, and says why', async () => {
  const trial = createTrial({ workers: 1 });
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'refuse';
  trial.workers.get(1).ends(KILLED);
  await trial.clock.pass(100);
  const failed = 'worker 2 cannot start: no upstream is configured; another is started in 200 ms';
  assert.ok(trial.said().includes(failed));
  trial.workers.behaviour.boot = 'ready';
  await trial.clock.pass(200);
  assert.deepEqual(trial.ready(), [3]);
  await trial.supervisor.stop('quick');
});

test('a worker that is silent for too long is killed and replaced', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  for (let seconds = 0; seconds < 10; seconds++) {
    trial.workers.get(2).beats();
    await trial.clock.pass(1_000);
  }
  assert.deepEqual(trial.ready(), [2, 3]);
  assert.ok(trial.said().includes('worker 1 has not been heard of for 10.0 s and is killed'));
  await trial.supervisor.stop('quick');
});

test('a machine that stood still kills nobody', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.clock.stall(60_000);
  await trial.clock.pass(1_000);
  await trial.pass(5_000);
  assert.deepEqual(trial.ready(), [1, 2]);
  await trial.supervisor.stop('quick');
});

test('with a limit of 0 nobody is stuck, from now on as well', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.supervisor.configure({ stuckAfterMs: 0 });
  await trial.clock.pass(60_000);
  assert.deepEqual(trial.ready(), [1, 2]);
  await trial.supervisor.stop('quick');
});

test('workers are replaced one after the other, each when its successor is ready', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'silent';
  const replaced = trial.supervisor.replaceAll();
  await trial.pass(1_000);
  assert.deepEqual(trial.workers.alive, [1, 2, 3]);
  trial.workers.behaviour.boot = 'ready';
  trial.workers.get(3).becomesReady();
  assert.deepEqual(await replaced, { ok: true, replaced: 2 });
  assert.deepEqual(trial.ready(), [3, 4]);
  const order = { reason: 'replace', timeoutMs: 5_000, mayHandOver: true };
  assert.deepEqual(trial.workers.get(1).received.at(-1), { type: 'drain', order });
  await trial.supervisor.stop('quick');
});

test('a replacement ends with the first successor that is not ready in time', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'silent';
  const replaced = trial.supervisor.replaceAll();
  await trial.pass(30_000);
  assert.deepEqual(await replaced, { ok: false, why: 'worker 3 was not ready after 30000 ms' });
  assert.deepEqual(trial.workers.alive, [1, 2]);
  assert.ok(
    trial.said().includes('the workers were not replaced: worker 3 was not ready after 30000 ms'),
  );
  await trial.supervisor.stop('quick');
});

test('a worker that dies while its successor boots is not replaced twice', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'silent';
  const replaced = trial.supervisor.replaceAll();
  await trial.pass(1_000);
  trial.workers.get(1).ends(KILLED);
  trial.workers.behaviour.boot = 'ready';
  trial.workers.get(3).becomesReady();
  assert.deepEqual(await replaced, { ok: true, replaced: 2 });
  await trial.pass(1_000);
  assert.deepEqual(trial.ready(), [3, 4]);
  await trial.supervisor.stop('quick');
});

test('a successor whose worker has died counts, and is replaced when it fails', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'silent';
  const replaced = trial.supervisor.replaceAll();
  await trial.clock.pass(0);
  trial.workers.get(1).ends(KILLED);
  trial.workers.get(2).ends(KILLED);
  trial.workers.behaviour.boot = 'ready';
  await trial.clock.pass(100);
  assert.deepEqual(trial.workers.alive, [3, 4]);
  trial.workers.get(3).ends({ code: 1, signal: null });
  const why = 'worker 3 ended with exit code 1 before it was ready';
  assert.deepEqual(await replaced, { ok: false, why });
  await trial.clock.pass(1_000);
  assert.deepEqual(trial.ready(), [4, 5]);
  await trial.supervisor.stop('quick');
});

test('a successor is not wanted when its worker was scaled away meanwhile', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'silent';
  trial.workers.get(2).says({ type: 'leave' });
  await trial.pass(1_000);
  await trial.supervisor.scale(1);
  await trial.clock.pass(0);
  assert.deepEqual(trial.workers.alive, [1, 3]);
  trial.workers.get(3).becomesReady();
  await trial.pass(1_000);
  assert.deepEqual(trial.workers.alive, [1]);
  await trial.supervisor.stop('quick');
});

test('scaling during a replacement ends with as many workers as are wanted', async () => {
  for (const count of [1, 5]) {
    const trial = createTrial({ workers: 3 });
    await trial.supervisor.start();
    const [replaced] = await Promise.all([
      trial.supervisor.replaceAll(),
      trial.supervisor.scale(count),
    ]);
    assert.equal(replaced.ok, true);
    await trial.pass(1_000);
    assert.equal(trial.ready().length, count);
    assert.equal(trial.workers.alive.length, count);
    await trial.supervisor.stop('quick');
  }
});

test('the youngest workers go when fewer are wanted', async () => {
  const trial = createTrial({ workers: 4 });
  await trial.supervisor.start();
  await trial.supervisor.scale(2);
  await trial.clock.pass(0);
  assert.deepEqual(trial.ready(), [1, 2]);
  assert.ok(trial.said().includes('worker 4 drains: fewer workers are wanted'));
  await trial.supervisor.stop('quick');
});

test('scaling up that fails leaves as many workers as before', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'die';
  await assert.rejects(trial.supervisor.scale(4), {
    message: /^worker [34] ended with exit code 1 before it was ready$/,
  });
  await trial.pass(60_000);
  assert.deepEqual(trial.workers.alive, [1, 2]);
  assert.equal(trial.supervisor.wanted, 2);
  await trial.supervisor.stop('quick');
});

test('without a wanted worker nothing is handed over, and all come back', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  await trial.supervisor.scale(0);
  const order = { reason: 'scale-down', timeoutMs: 5_000, mayHandOver: false };
  assert.deepEqual(trial.workers.get(1).received.at(-1), { type: 'drain', order });
  await trial.supervisor.scale(2);
  assert.deepEqual(trial.ready(), [3, 4]);
  await trial.supervisor.stop('quick');
});

test('one worker at a time is recycled, and a failure is tried again later', async () => {
  const trial = createTrial({ recycle: { requests: 1_000 } });
  await trial.supervisor.start();
  trial.said();
  trial.workers.behaviour.boot = 'refuse';
  for (const id of [1, 2]) trial.workers.get(id).beats({ requests: 1_234 });
  await trial.pass(1_000);
  assert.deepEqual(trial.said(), [
    'worker 1 is replaced: it served 1,234 of 1,000 requests',
    'worker 3 is starting as process 1003',
    'worker 3 cannot start: no upstream is configured',
    'worker 1 stays, as its successor could not start: no upstream is configured',
  ]);
  trial.workers.behaviour.boot = 'ready';
  await trial.pass(20_000);
  assert.deepEqual(trial.ready(), [1, 2]);
  await trial.pass(20_000);
  assert.deepEqual(trial.ready(), [4, 5]);
  await trial.supervisor.stop('quick');
});

test('a worker that has grown too large is recycled', async () => {
  const trial = createTrial({ recycle: { memoryBytes: 512 * 2 ** 20 } });
  trial.memory.set(1_001, 600 * 2 ** 20);
  await trial.supervisor.start();
  await trial.pass(10_000);
  assert.deepEqual(trial.ready(), [2, 3]);
  assert.ok(trial.said().includes('worker 1 is replaced: it has 600 of 512 MiB of memory'));
  await trial.supervisor.stop('quick');
});

test('a worker that is told to leave waits for its successor', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.get(2).says({ type: 'leave' });
  await trial.pass(1_000);
  assert.deepEqual(trial.ready(), [1, 3]);
  assert.ok(trial.said().includes('worker 2 is replaced: it was sent SIGTERM'));
  await trial.supervisor.stop('quick');
});

test('a graceful stop waits for the workers, and kills one that does not go', async () => {
  const trial = createTrial();
  trial.workers.behaviour.leaves = false;
  await trial.supervisor.start();
  let isStopped = false;
  const stopped = trial.supervisor.stop('graceful').then(() => {
    isStopped = true;
  });
  const order = { reason: 'stop', timeoutMs: 5_000, mayHandOver: false };
  assert.deepEqual(trial.workers.get(1).received.at(-1), { type: 'drain', order });
  trial.workers.get(1).ends({ code: 0, signal: null });
  await trial.pass(6_999);
  assert.equal(isStopped, false);
  assert.deepEqual(trial.workers.alive, [2]);
  await trial.pass(1);
  await stopped;
  assert.deepEqual(trial.workers.alive, []);
  assert.equal(trial.clock.timers, 0);
  assert.ok(
    trial.said().includes('worker 2 has not finished draining within 5000 ms and is killed'),
  );
});

test('a worker that is being replaced when all stops drains its connections itself', async () => {
  const trial = createTrial({ workers: 1 });
  trial.workers.behaviour.leaves = false;
  await trial.supervisor.start();
  const replaced = trial.supervisor.replaceAll();
  await trial.pass(1_000);
  const order = { reason: 'replace', timeoutMs: 5_000, mayHandOver: true };
  const { received } = trial.workers.get(1);
  assert.deepEqual(received.at(-1), { type: 'drain', order });
  const stopped = trial.supervisor.stop('graceful');
  assert.deepEqual(received.at(-1), { type: 'drain', order: { ...order, mayHandOver: false } });
  for (const id of [1, 2]) trial.workers.get(id).ends({ code: 0, signal: null });
  await Promise.all([replaced, stopped]);
});

test('a quick stop hurries a graceful one up', async () => {
  const trial = createTrial();
  trial.workers.behaviour.leaves = false;
  await trial.supervisor.start();
  const graceful = trial.supervisor.stop('graceful');
  const quick = trial.supervisor.stop('quick');
  await trial.clock.pass(1_000);
  await Promise.all([graceful, quick]);
  assert.deepEqual(trial.workers.alive, []);
  assert.equal(trial.clock.timers, 0);
});

test('a stop ends a start, a replacement and scaling that are under way', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.behaviour.boot = 'silent';
  const replaced = trial.supervisor.replaceAll();
  const scaled = assert.rejects(trial.supervisor.scale(3), /stopping/);
  await trial.clock.pass(0);
  await trial.supervisor.stop('graceful');
  assert.deepEqual(await replaced, { ok: false, why: 'the supervisor is stopping' });
  await scaled;
  assert.deepEqual(trial.workers.alive, []);
  assert.deepEqual(await trial.supervisor.replaceAll(), {
    ok: false,
    why: 'the supervisor is stopping',
  });
  await assert.rejects(trial.supervisor.scale(3), /stopping/);
});

test('workers are told their fair share when it changes, and while one has more', async () => {
  const trial = createTrial();
  await trial.supervisor.start();
  trial.workers.get(1).beats({ connections: 30 });
  trial.workers.get(2).beats({ connections: 10 });
  await trial.pass(250);
  for (const id of [1, 2]) {
    const shares = trial.workers.get(id).received.filter(({ type }) => type === 'share');
    assert.deepEqual(shares.at(-1), { type: 'share', workers: 2, connections: 20 });
  }
  const heard = () => trial.workers.get(1).received.length;
  let before = heard();
  await trial.pass(250);
  assert.equal(heard(), before + 1);
  trial.workers.get(1).beats({ connections: 21 });
  trial.workers.get(2).beats({ connections: 19 });
  await trial.pass(250);
  before = heard();
  await trial.pass(1_000);
  assert.equal(heard(), before);
  await trial.supervisor.stop('quick');
});

test('what a worker leaves behind is passed on', async () => {
  const left: unknown[] = [];
  const trial = createTrial({ workers: 1, onFarewell: (...farewell) => left.push(farewell) });
  await trial.supervisor.start();
  trial.workers.get(1).says({ type: 'farewell', body: 'counts' });
  assert.deepEqual(left, [[1, 'counts']]);
  await trial.supervisor.stop('quick');
});

test('a worker that wants a socket while everything stops is refused', async () => {
  const trial = createTrial({ workers: 1 });
  trial.workers.behaviour.leaves = false;
  await trial.supervisor.start();
  const stopped = trial.supervisor.stop('graceful');
  trial.workers.get(1).says({ type: 'listen', ask: 1, key: 'http', endpoint: ENDPOINT });
  await trial.clock.pass(0);
  const message = 'the supervisor is stopping';
  assert.deepEqual(trial.workers.get(1).received.at(-1), { type: 'refused', ask: 1, message });
  assert.deepEqual(trial.supervisor.sockets.keys(), []);
  trial.workers.get(1).ends({ code: 0, signal: null });
  await stopped;
});

const ENDPOINT = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;

test('a socket outlives its workers, and is closed when all are there and none wants it', async () => {
  const trial = createTrial({ workers: 1 });
  const { sockets } = trial.supervisor;
  await trial.supervisor.start();
  trial.workers.get(1).says({ type: 'listen', ask: 1, key: 'http', endpoint: ENDPOINT });
  await eventually(() => {
    const [answer] = trial.workers.get(1).received.slice(-1);
    assert.ok(answer?.type === 'listening' && answer.ask === 1);
    assert.ok(answer.endpoint.kind === 'tcp' && answer.endpoint.port > 0);
  });
  trial.workers.behaviour.boot = 'silent';
  trial.workers.get(1).ends(KILLED);
  await trial.pass(1_000);
  assert.deepEqual(sockets.keys(), ['http']);
  trial.workers.get(2).becomesReady();
  await trial.clock.pass(0);
  assert.deepEqual(sockets.keys(), []);
  await trial.supervisor.stop('quick');
});

test('a worker that drains does not close the socket its dead successor had', async () => {
  const trial = createTrial({ workers: 1 });
  const { sockets } = trial.supervisor;
  trial.workers.behaviour.leaves = false;
  await trial.supervisor.start();
  trial.workers.get(1).says({ type: 'listen', ask: 1, key: 'http', endpoint: ENDPOINT });
  const replaced = trial.supervisor.replaceAll();
  await trial.pass(1_000);
  trial.workers.get(2).ends(KILLED);
  await trial.clock.pass(0);
  trial.workers.get(1).says({ type: 'unlisten', key: 'http' });
  assert.deepEqual(sockets.keys(), ['http']);
  trial.workers.get(1).ends({ code: 0, signal: null });
  await replaced;
  await trial.supervisor.stop('quick');
  assert.deepEqual(sockets.keys(), []);
});

test('a worker that asks for an address that cannot be had is told why', async () => {
  const trial = createTrial({ workers: 1 });
  await trial.supervisor.start();
  const endpoint = { kind: 'tcp', host: '192.0.2.1', port: 8_080 } as const;
  trial.workers.get(1).says({ type: 'listen', ask: 4, key: 'http', endpoint });
  await eventually(() => {
    const [answer] = trial.workers.get(1).received.slice(-1);
    assert.ok(answer?.type === 'refused' && answer.ask === 4);
    assert.match(answer.message, /192\.0\.2\.1:8080/);
  });
  await trial.supervisor.stop('quick');
});
