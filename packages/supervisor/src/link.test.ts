import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHandClock, settle } from './clock.test-support.ts';
import { FakeHandle } from './fake-workers.test-support.ts';
import { joinSupervisor } from './link.ts';
import { Link } from './link-process.ts';
import type { SocketHandle } from './listen-sockets.ts';
import type { HandOverNote, ToSupervisor, ToWorker } from './messages.ts';

const NOTE: HandOverNote = { listener: 'http', isReused: false };

/** A link on a channel the test holds the other end of. */
function createLink() {
  const clock = createHandClock();
  const sent: ToSupervisor[] = [];
  const unsent: (() => void)[] = [];
  const exits: number[] = [];
  let hear = (_message: ToWorker, _handle: SocketHandle | undefined): void => {};
  let disconnect = (): void => {};
  const channel = {
    isConnected: true,
    send(message: ToSupervisor, _handle?: SocketHandle, done?: () => void): void {
      structuredClone(message);
      sent.push(message);
      if (done) unsent.push(done);
    },
    onMessage(act: typeof hear) {
      hear = act;
    },
    onDisconnect(act: typeof disconnect) {
      disconnect = act;
    },
    exit: (code: number) => void exits.push(code),
  };
  return {
    link: new Link(3, channel, clock),
    clock,
    channel,
    exits,
    hears: (message: ToWorker, handle?: SocketHandle) => hear(message, handle),
    disconnects: () => disconnect(),
    /** What has been sent since this was last called. */
    said: () => sent.splice(0),
    /** The messages are on their way. */
    flush() {
      for (const done of unsent.splice(0)) done();
    },
  };
}

test('a process that no supervisor started has no link', () => {
  assert.equal(joinSupervisor(), undefined);
});

test('asks wait for what answers them until the worker is ready, and are refused after', async () => {
  const { link, hears, said } = createLink();
  assert.deepEqual(said(), [{ type: 'hello' }]);
  hears({ type: 'ask', ask: 1, subject: 'start', body: 20 });
  await settle();
  assert.deepEqual(said(), []);
  link.onAsk('start', async (body) => Number(body) + 1);
  await settle();
  assert.deepEqual(said(), [{ type: 'answer', ask: 1, body: 21 }]);
  link.ready();
  said();
  hears({ type: 'ask', ask: 2, subject: 'stop', body: undefined });
  await settle();
  const message = 'this worker answers nothing about stop';
  assert.deepEqual(said(), [{ type: 'refusal', ask: 2, message }]);
});

test('what an answer throws is a refusal, and so is what cannot be sent', async () => {
  const { link, hears, said } = createLink();
  link.onAsk('start', () => {
    throw new Error('no route is configured');
  });
  link.onAsk('read', () => () => {});
  said();
  hears({ type: 'ask', ask: 1, subject: 'start', body: undefined });
  hears({ type: 'ask', ask: 2, subject: 'read', body: undefined });
  await settle();
  const [first, second] = said();
  assert.deepEqual(first, { type: 'refusal', ask: 1, message: 'no route is configured' });
  assert.ok(second?.type === 'refusal' && /could not be cloned/.test(second.message));
});

test('a socket is listened on as the supervisor has it, or refused in its words', async () => {
  const { link, hears, said } = createLink();
  const endpoint = { kind: 'tcp', host: 'localhost', port: 80 } as const;
  said();
  const [first, second] = [link.listen('a', endpoint), link.listen('b', endpoint)];
  assert.deepEqual(said(), [
    { type: 'listen', ask: 1, key: 'a', endpoint },
    { type: 'listen', ask: 2, key: 'b', endpoint },
  ]);
  const handle = new FakeHandle();
  hears({ type: 'refused', ask: 2, message: 'localhost:80 is taken' });
  hears({ type: 'listening', ask: 1, endpoint }, handle);
  assert.deepEqual(await first, { handle, endpoint });
  await assert.rejects(second, { message: 'localhost:80 is taken' });
});

test('a supervisor that has gone is asked nothing', async () => {
  const { link, disconnects, said } = createLink();
  link.onDisconnect(() => {});
  disconnects();
  said();
  const gone = { message: 'the supervisor has gone' };
  await assert.rejects(link.listen('a', { kind: 'tcp', host: 'localhost', port: 80 }), gone);
  await assert.rejects(link.gather('read', undefined), gone);
  await assert.rejects(link.ask('peers', undefined), gone);
  assert.deepEqual(said(), []);
});

test('the program of the supervisor answers, or refuses', async () => {
  const { link, hears, said } = createLink();
  said();
  const [first, second] = [link.ask('peers', 1), link.ask('peers', 2)];
  assert.deepEqual(said(), [
    { type: 'ask', ask: 1, subject: 'peers', body: 1 },
    { type: 'ask', ask: 2, subject: 'peers', body: 2 },
  ]);
  hears({ type: 'answered', ask: 1, body: 'all' });
  hears({ type: 'refused', ask: 2, message: 'none' });
  assert.equal(await first, 'all');
  await assert.rejects(second, { message: 'none' });
});

test('beats come every second, and from the order to drain on say what is left', async () => {
  const { link, clock, hears, said } = createLink();
  const facts = { connections: 1, requests: 2, inFlight: 3 };
  link.facts(() => facts);
  link.onDrain(() => new Promise(() => {}));
  said();
  await clock.pass(5_000);
  assert.deepEqual(said(), []);
  link.ready();
  await clock.pass(1_999);
  const beat = { type: 'beat', facts };
  assert.deepEqual(said(), [{ type: 'ready' }, beat, beat]);
  hears({ type: 'drain', order: { reason: 'stop', timeoutMs: 10, mayHandOver: false } });
  await clock.pass(1);
  assert.deepEqual(said(), [{ type: 'draining', facts }]);
});

test('who is told of its share gives away what it has more, until it drains', async () => {
  const { link, hears } = createLink();
  const given: number[] = [];
  let connections = 30;
  link.facts(() => ({ connections, requests: 0, inFlight: 0 }));
  link.onSurplus((count) => given.push(count));
  hears({ type: 'share', workers: 2, connections: 30 });
  assert.deepEqual(given, []);
  hears({ type: 'share', workers: 2, connections: 20 });
  assert.deepEqual(given, [10]);
  connections = 5_000;
  hears({ type: 'share', workers: 2, connections: 2_500 });
  assert.deepEqual(given.splice(1), [128], 'no more at once than leaves room for other messages');
  hears({ type: 'drain', order: { reason: 'replace', timeoutMs: 10, mayHandOver: true } });
  await settle();
  hears({ type: 'share', workers: 2, connections: 10 });
  assert.deepEqual(given, [10]);
});

test('a surplus is what was too much when the share was told, less what was handed over', () => {
  const { link, hears } = createLink();
  let connections = 20;
  link.facts(() => ({ connections, requests: 0, inFlight: 0 }));
  assert.equal(link.hasSurplus(), false);
  hears({ type: 'share', workers: 2, connections: 10 });
  assert.equal(link.workers, 2);
  assert.equal(link.hasSurplus(), true);
  connections = 30;
  for (let handed = 0; handed < 10; handed++) {
    assert.equal(link.hasSurplus(), true);
    link.handOver(new FakeHandle(), NOTE);
  }
  // More have come since, but so they have to others.
  assert.equal(link.hasSurplus(), false);
  connections = 12;
  hears({ type: 'share', workers: 2, connections: 11 });
  assert.equal(link.hasSurplus(), false);
});

test('a connection is closed here when it is on its way to the supervisor', () => {
  const { link, flush, said } = createLink();
  said();
  const handle = new FakeHandle();
  link.handOver(handle, NOTE);
  assert.deepEqual(said(), [{ type: 'hand-over', note: NOTE }]);
  assert.equal(handle.isClosed, false);
  flush();
  assert.equal(handle.isClosed, true);
});

test('a connection is used only when the word that it was taken is out', () => {
  const { link, hears, flush, said } = createLink();
  said();
  const taken: unknown[] = [];
  link.onHandedOver((...connection) => taken.push(connection));
  const handle = new FakeHandle();
  hears({ type: 'take', take: 7, note: NOTE }, handle);
  assert.deepEqual(said(), [{ type: 'taken', take: 7 }]);
  assert.deepEqual(taken, []);
  flush();
  assert.deepEqual(taken, [[handle, NOTE]]);
});

test('a worker says which of the connections that were sent have arrived', () => {
  const { hears, said } = createLink();
  said();
  hears({ type: 'take', take: 7, note: NOTE }, new FakeHandle());
  // Its connection got lost.
  hears({ type: 'take', take: 8, note: NOTE });
  hears({ type: 'tally', take: 8 });
  assert.deepEqual(said(), [
    { type: 'taken', take: 7 },
    { type: 'tallied', take: 8 },
  ]);
});

test('a program that takes no connections closes those it is handed', () => {
  const { hears, flush } = createLink();
  const handle = new FakeHandle();
  hears({ type: 'take', take: 7, note: NOTE }, handle);
  flush();
  assert.equal(handle.isClosed, true);
});

test('a drained worker ends when what it hands over is on its way', async () => {
  const { link, hears, flush, exits } = createLink();
  const handle = new FakeHandle();
  link.onDrain(async ({ mayHandOver }) => {
    if (mayHandOver) link.handOver(handle, NOTE);
  });
  hears({ type: 'drain', order: { reason: 'replace', timeoutMs: 10, mayHandOver: true } });
  await settle();
  assert.deepEqual(exits, []);
  flush();
  await settle();
  assert.deepEqual(exits, [0]);
});

test('a connection that came before the order to drain is drained with the others', async () => {
  const { link, hears, flush } = createLink();
  const open: unknown[] = [];
  const drained: unknown[] = [];
  link.onHandedOver((handle) => open.push(handle));
  link.onDrain(async () => void drained.push(...open));
  const handle = new FakeHandle();
  hears({ type: 'take', take: 1, note: NOTE }, handle);
  hears({ type: 'drain', order: { reason: 'replace', timeoutMs: 10, mayHandOver: true } });
  await settle();
  flush();
  await settle();
  assert.deepEqual(drained, [handle]);
});

test('an order to drain at once ends a worker that drains already', async () => {
  const { link, hears, exits } = createLink();
  let drained = 0;
  link.onDrain(() => {
    drained += 1;
    return new Promise(() => {});
  });
  const order = { reason: 'stop', timeoutMs: 5_000, mayHandOver: false } as const;
  hears({ type: 'drain', order });
  await settle();
  assert.deepEqual(exits, []);
  hears({ type: 'drain', order: { ...order, timeoutMs: 0 } });
  assert.deepEqual(exits, [0]);
  assert.equal(drained, 1);
});

test('a later order to drain holds from then on, and the first decides when the worker ends', async () => {
  const { link, hears, flush, exits } = createLink();
  const handle = new FakeHandle();
  const mayHandOver: boolean[] = [];
  const leaving = Promise.withResolvers<void>();
  link.onDrain((order) => {
    mayHandOver.push(order.mayHandOver);
    return mayHandOver.length === 1 ? leaving.promise : Promise.resolve();
  });
  const order = { reason: 'replace', timeoutMs: 5_000, mayHandOver: true } as const;
  link.handOver(handle, NOTE);
  hears({ type: 'drain', order });
  hears({ type: 'drain', order: { ...order, timeoutMs: 4_000 } });
  assert.deepEqual(mayHandOver, [], 'a connection is on its way still');
  flush();
  await settle();
  hears({ type: 'drain', order: { ...order, mayHandOver: false } });
  await settle();
  assert.deepEqual(mayHandOver, [true, false]);
  assert.deepEqual(exits, []);
  leaving.resolve();
  await settle();
  assert.deepEqual(exits, [0]);
});

test('when the supervisor has gone, nothing waits for it any more', async () => {
  const { link, hears, disconnects, flush } = createLink();
  let told = 0;
  link.onDisconnect(() => {
    told += 1;
  });
  const taken: unknown[] = [];
  link.onHandedOver((handle) => taken.push(handle));
  const [given, coming, late] = [new FakeHandle(), new FakeHandle(), new FakeHandle()];
  link.handOver(given, NOTE);
  hears({ type: 'take', take: 1, note: NOTE }, coming);
  const gathered = assert.rejects(link.gather('load', 1), { message: 'the supervisor has gone' });
  disconnects();
  await gathered;
  assert.equal(told, 1);
  assert.equal(given.isClosed, true);
  assert.deepEqual(taken, [coming]);
  flush();
  assert.deepEqual(taken, [coming]);
  link.handOver(late, NOTE);
  assert.equal(late.isClosed, true);
});

test('a supervisor that goes without a word is missed at the next beat', async () => {
  const { link, clock, channel, exits } = createLink();
  link.ready();
  channel.isConnected = false;
  await clock.pass(100);
  assert.deepEqual(exits, [1]);
  assert.equal(clock.timers, 0);
});
