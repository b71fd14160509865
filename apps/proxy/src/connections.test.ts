import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { createClock, LATE_MS } from './clock.test-support.ts';
import { createBench, settingsFor, Taker, turns } from './connections.test-support.ts';
import { Connections, sameSettings } from './connections.ts';
import { socketPathFor } from './socket-path.test-support.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

describe('a taker', () => {
  it('gets a new connection when none is idle, and at once one that is', async (t) => {
    const { connections, take, connection, count } = await createBench(t);
    const first = await connection();
    const second = await connection();
    assert.notEqual(second, first);
    connections.becameFree(first);
    assert.equal(take().connection, first);
    await count(2);
  });

  it('gets the connection that became idle last', async (t) => {
    const { connections, take, connection } = await createBench(t);
    const all = [await connection(), await connection(), await connection()];
    for (const each of all) connections.becameFree(each);
    const taken = all.map(() => all.indexOf(take().connection as UpstreamConnection));
    assert.deepEqual(taken, [2, 1, 0]);
  });

  it('gets a connection that becomes free while another is being opened', async (t) => {
    const { connections, take, connection, count } = await createBench(t);
    const busy = await connection();
    const waiting = take();
    assert.equal(waiting.isTold, false);
    connections.becameFree(busy);
    assert.equal(waiting.connection, busy);
    await count(2);
    await turns();
    assert.notEqual(take().connection, undefined, 'the other one is idle by now');
  });

  it('is not told once it is forgotten, and what was opened for it is kept', async (t) => {
    const { connections, take, count } = await createBench(t);
    const taker = take();
    connections.forget(taker);
    await count(1);
    await turns();
    assert.equal(taker.isTold, false);
    assert.notEqual(take().connection, undefined);
    await count(1);
  });
});

describe('an idle connection', () => {
  it('is closed when nobody has wanted it for long enough', async (t) => {
    const { clock, connections, connection, count } = await createBench(t, { keepAliveMs: 5_000 });
    const first = await connection();
    connections.becameFree(first);
    clock.pass(5_000);
    await turns();
    await count(1);
    clock.pass(LATE_MS);
    await count(0);
    assert.notEqual(await connection(), first);
  });

  it('has its time anew whenever it was used', async (t) => {
    const { clock, connections, take, connection } = await createBench(t, { keepAliveMs: 5_000 });
    const first = await connection();
    for (let i = 0; i < 3; i++) {
      connections.becameFree(first);
      clock.pass(4_000);
      await turns();
      assert.equal(take().connection, first);
      first.clearDeadline();
    }
  });

  it('is not used any more when the upstream has closed it', async (t) => {
    const { accepted, connections, connection, count } = await createBench(t);
    const first = await connection();
    connections.becameFree(first);
    for (const socket of accepted) socket.end();
    await count(0);
    await turns();
    assert.notEqual(await connection(), first);
  });

  it('is closed when the upstream says something nobody asked for', async (t) => {
    const { accepted, connections, connection, count } = await createBench(t);
    connections.becameFree(await connection());
    for (const socket of accepted) socket.write('HTTP/1.1 200 OK\r\n\r\n');
    await count(0);
  });

  it('is dropped with all others, but not those in use', async (t) => {
    const { connections, connection, count } = await createBench(t);
    const [idle, busy] = [await connection(), await connection()];
    connections.becameFree(idle);
    connections.dropIdle();
    await count(1);
    connections.becameFree(busy);
    assert.equal(await connection(), busy);
  });
});

describe('a connection beyond its lifetime', () => {
  it('is not used again, though it was idle', async (t) => {
    const { clock, connections, connection, count } = await createBench(t, { lifetimeMs: 30_000 });
    const first = await connection();
    connections.becameFree(first);
    clock.pass(29_000);
    assert.equal(await connection(), first);
    connections.becameFree(first);
    clock.pass(1_000 + LATE_MS);
    assert.notEqual(await connection(), first);
    await count(1);
  });

  it('is closed when it becomes free', async (t) => {
    const { clock, connections, connection, count } = await createBench(t, { lifetimeMs: 30_000 });
    const first = await connection();
    clock.pass(30_000 + LATE_MS);
    await count(1);
    connections.becameFree(first);
    await count(0);
  });
});

describe('many takers at once', () => {
  it('share what is opened, no more than allowed at a time', async (t) => {
    const { connections, accepted } = await createBench(t, { maxConnecting: 2 });
    const giveBack = (connection: UpstreamConnection) => connections.becameFree(connection);
    const takers = Array.from({ length: 6 }, () => new Taker(giveBack));
    for (const taker of takers) connections.take(taker);
    await Promise.all(takers.map(({ told }) => told));
    await turns();
    assert.ok(takers.every(({ connection }) => connection !== undefined));
    assert.ok(accepted.size <= 2, `${accepted.size} were opened`);
  });

  it('each get their own connection when it takes that', async (t) => {
    const { take, count } = await createBench(t, { maxConnecting: 6 });
    const takers = Array.from({ length: 6 }, take);
    await Promise.all(takers.map(({ told }) => told));
    assert.equal(new Set(takers.map(({ connection }) => connection)).size, 6);
    await count(6);
  });

  it('get theirs in the order they came', async (t) => {
    const { connections, connection, take } = await createBench(t, { maxConnecting: 1 });
    const busy = await connection();
    const [first, second] = [take(), take()];
    connections.becameFree(busy);
    assert.equal(first.connection, busy);
    assert.equal(second.isTold, false);
    connections.becameFree(busy);
    assert.equal(second.connection, busy);
  });

  it('lose one of them with each connection that is refused, and the others go on', async (t) => {
    const path = await socketPathFor(t);
    const settings = settingsFor(`unix:${path}`, { maxConnecting: 1 });
    const connections = new Connections(settings, createClock(t).timers);
    const server = createServer((socket) => t.after(() => socket.destroy()));
    t.after(() => server.close());

    const first = new Taker();
    const { notConnected } = first;
    first.notConnected = (reason, error) => {
      // From now on somebody accepts.
      server.listen(path);
      notConnected.call(first, reason, error);
    };
    const others = [1, 2].map(() => new Taker((free) => connections.becameFree(free)));
    for (const taker of [first, ...others]) connections.take(taker);
    await Promise.all([first, ...others].map(({ told }) => told));
    assert.equal(first.refusal, 'connect-failed');
    assert.equal((first.error as NodeJS.ErrnoException).code, 'ENOENT');
    assert.deepEqual(
      others.map(({ refusal }) => refusal),
      [undefined, undefined],
    );
    await connections.close();
  });
});

describe('an upstream that does not let anybody in', () => {
  // TCP is accepted and TLS never begun: nothing opens, nothing fails.
  const silent = 'https';

  it('is given up by its takers in time, those who may not even open included', async (t) => {
    const settings = { connectTimeoutMs: 1_000, maxConnecting: 1 };
    const { clock, take, count } = await createBench(t, settings, silent);
    const takers = [take(), take(), take()];
    await count(1);
    clock.pass(1_000);
    await turns();
    assert.ok(takers.every(({ isTold }) => !isTold));
    clock.pass(LATE_MS);
    await Promise.all(takers.map(({ told }) => told));
    assert.deepEqual(
      takers.map(({ refusal }) => refusal),
      ['connect-timeout', 'connect-timeout', 'connect-timeout'],
    );
    await count(0);
  });
});

describe('connections that are closed', () => {
  it('are closed at once when nobody uses them', async (t) => {
    const { connections, connection, count } = await createBench(t);
    connections.becameFree(await connection());
    await connections.close();
    await count(0);
  });

  it('never opened any, and are closed', async (t) => {
    const { connections } = await createBench(t);
    await connections.close();
  });

  it('wait for those in use, and keep none of them', async (t) => {
    const { connections, connection, count } = await createBench(t);
    const [first, second] = [await connection(), await connection()];
    let isClosed = false;
    const closing = connections.close().then(() => {
      isClosed = true;
    });
    connections.becameFree(first);
    await count(1);
    await turns();
    assert.equal(isClosed, false);
    second.destroy();
    await closing;
    await count(0);
  });

  it('still serve who was waiting', async (t) => {
    const { connections, take } = await createBench(t);
    const taker = take();
    const closing = connections.close();
    await taker.told;
    assert.ok(taker.connection, `${taker.refusal}`);
    connections.becameFree(taker.connection);
    await closing;
  });
});

describe('settings', () => {
  it('are the same when everything in them is', () => {
    const settings = settingsFor('http://127.0.0.1:1');
    assert.equal(sameSettings(settings, settingsFor('http://127.0.0.1:1')), true);
    assert.equal(sameSettings(settings, settingsFor('http://127.0.0.1:2')), false);
    assert.equal(sameSettings(settings, { ...settings, lifetimeMs: 1 }), false);
    const limits = { ...settings.limits, headerCount: 1 };
    assert.equal(sameSettings(settings, { ...settings, limits }), false);
  });
});

describe('takers beyond those that may open a connection', () => {
  it('all get one, though none is given back and few may be opened at a time', async (t) => {
    const { take, count } = await createBench(t, { maxConnecting: 2 });
    const takers = Array.from({ length: 5 }, take);
    await count(5);
    await Promise.all(takers.map(({ told }) => told));
    assert.ok(takers.every(({ connection }) => connection !== undefined));
  });
});

describe('an idle connection whose end is not known yet', () => {
  it('is not used any more from the moment its time is up', async (t) => {
    const { clock, connections, connection } = await createBench(t, { keepAliveMs: 5_000 });
    const first = await connection();
    connections.becameFree(first);
    clock.pass(5_000 + LATE_MS);
    // In the same turn, as a request that comes between a timer and the closing of the socket.
    const taker = new Taker();
    connections.take(taker);
    assert.notEqual(taker.connection, first);
    await taker.told;
    assert.ok(taker.connection, `${taker.refusal}`);
  });
});

describe('an upstream that accepts nobody', () => {
  it('is waited for by those who came later as long as by the first', async (t) => {
    const settings = { connectTimeoutMs: 1_000, maxConnecting: 128 };
    const { clock, take } = await createBench(t, settings, 'https');
    const first = take();
    clock.pass(600);
    const second = take();
    clock.pass(400 + LATE_MS);
    await turns();
    assert.equal(first.refusal, 'connect-timeout');
    assert.equal(second.isTold, false);
    clock.pass(600);
    await second.told;
    assert.equal(second.refusal, 'connect-timeout');
  });
});
