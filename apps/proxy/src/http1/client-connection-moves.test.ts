/** Connections that go from one worker to another, over real sockets. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { SocketHandle } from '@headgate/supervisor';
import { LATE_MS } from '../clock.test-support.ts';
import { socketPathFor } from '../socket-path.test-support.ts';
import { socketOf } from '../socket-reading.ts';
import {
  createBench,
  createWorker,
  get,
  KEEP_ALIVE_MS,
  POST,
  statusLines,
  turns,
} from './client-connection.test-support.ts';
import type { ClientConnection } from './client-connection.ts';

/** Larger than the kernel takes from a client that reads nothing. */
const LARGE_BYTES = 16 * 1024 * 1024;

/** A connection whose worker gives it away whenever it rests and `isWanted()`, and its taker. */
async function createMove(
  t: TestContext,
  { isWanted = () => true, path }: { isWanted?: () => boolean; path?: string } = {},
) {
  const handles: SocketHandle[] = [];
  let rests = 0;
  const rested = (connection: ClientConnection) => {
    rests++;
    const handle = isWanted() ? connection.detach() : undefined;
    if (handle) handles.push(handle);
  };
  const first = await createBench(t, {}, { rested, ...(path !== undefined && { path }) });
  const second = createWorker(first.clock, first.settings);
  t.after(() => {
    for (const handle of handles) handle.close();
  });
  return {
    first,
    second,
    rests: () => rests,
    isMoving: () => handles.length > 0,
    /** The second worker takes it. */
    take(): ClientConnection {
      const handle = handles.shift();
      assert.ok(handle, 'it was given away');
      const connection = second.serve(socketOf(handle), true);
      t.after(() => connection.destroy());
      return connection;
    },
  };
}

function answerOf(sizeBytes: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\n\r\n${'x'.repeat(sizeBytes)}`;
}

describe('a connection that is given away at rest', () => {
  for (const kind of ['tcp', 'unix'] as const) {
    it(`goes on with the next request elsewhere: ${kind}`, async (t) => {
      const path = kind === 'unix' ? await socketPathFor(t) : undefined;
      const { first, second, take } = await createMove(t, path === undefined ? {} : { path });
      await first.send(get('/1'));
      first.served[0]?.answer();
      assert.equal(first.closed(), 1);
      take();
      await first.send(get('/2'));
      second.served[0]?.answer();
      await turns();
      assert.deepEqual(first.targets(), ['/1']);
      assert.deepEqual(second.targets(), ['/2']);
      const text = first.received.bytes.toString();
      assert.equal(statusLines(text).length, 2);
      assert.doesNotMatch(text, /connection: close/i);
      assert.equal(first.closed(), 1, 'told once');
      assert.equal(second.closed(), 0);
    });
  }

  it('leaves what comes while it moves to its taker, exactly once', async (t) => {
    const { first, second, take, isMoving } = await createMove(t);
    await first.send(get('/1'));
    first.served[0]?.answer();
    assert.equal(isMoving(), true);
    await first.send(get('/2') + get('/3'));
    await first.send('GET /4 HTTP/1.1\r\nHo');
    take();
    await first.send('st: a\r\n\r\n');
    for (let i = 0; i < 3; i++) {
      while (second.served.length <= i) await turns();
      second.served[i]?.answer();
    }
    await turns();
    assert.deepEqual(first.targets(), ['/1']);
    assert.deepEqual(second.targets(), ['/2', '/3', '/4']);
    const details = first.received.bytes.toString().match(/no \/\d/g);
    assert.deepEqual(details, ['no /1', 'no /2', 'no /3', 'no /4']);
  });

  it('does so from within the read that brought its request', async (t) => {
    const { first, second, take } = await createMove(t);
    const served = first.served;
    served.push = (one) => {
      const length = Array.prototype.push.call(served, one);
      one.answer();
      return length;
    };
    await first.send(get('/1'));
    take();
    await first.send(get('/2'));
    assert.deepEqual(first.targets(), ['/1']);
    assert.deepEqual(second.targets(), ['/2']);
    assert.match(first.received.bytes.toString(), /no \/1/);
  });

  it('is seen to end by its taker when the client leaves on the way', async (t) => {
    const { first, second, take } = await createMove(t);
    await first.send(get('/1'));
    first.served[0]?.answer();
    first.far.end();
    await turns();
    take();
    await first.ended();
    while (second.closed() === 0) await turns();
    assert.equal(first.closed(), 1);
  });

  it('has the time of a kept connection for its next request, not that of a first head', async (t) => {
    const { first, second, take } = await createMove(t);
    await first.send(get('/1'));
    first.served[0]?.answer();
    take();
    first.clock.pass(KEEP_ALIVE_MS);
    await turns();
    assert.equal(second.closed(), 0);
    first.clock.pass(LATE_MS);
    assert.equal(statusLines(await first.ended()).length, 1);
    assert.equal(second.closed(), 1);
  });

  it('has no deadline left where it was', async (t) => {
    const { first, take } = await createMove(t);
    await first.send(get('/1'));
    first.served[0]?.answer();
    const moved = take();
    first.clock.pass(KEEP_ALIVE_MS - 1_000);
    await first.send(get('/2'));
    first.clock.pass(2_000);
    await turns();
    assert.equal(first.far.readableEnded, false);
    moved.destroy();
  });
});

describe('a connection that has something to do', () => {
  it('is not given away while it is served, nor between requests that were sent ahead', async (t) => {
    const { first, rests, isMoving } = await createMove(t);
    await first.send(get('/1') + get('/2'));
    assert.equal(first.connection.detach(), undefined);
    first.served[0]?.answer();
    assert.equal(first.connection.detach(), undefined);
    assert.equal(rests(), 0);
    first.served[1]?.answer();
    assert.equal(rests(), 1);
    assert.equal(isMoving(), true);
  });

  it('is not given away with half a head', async (t) => {
    const { first, rests } = await createMove(t, { isWanted: () => false });
    await first.send('GET /1 HT');
    assert.equal(first.connection.detach(), undefined);
    await first.send('TP/1.1\r\nHost: a\r\n\r\nGET');
    first.served[0]?.answer();
    assert.equal(first.connection.detach(), undefined);
    assert.equal(rests(), 0);
    await first.send(' /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(first.targets(), ['/1', '/2']);
  });

  it('is not given away with half an upload, also when that is answered', async (t) => {
    const { first, second, take } = await createMove(t);
    await first.send(`${POST}1234`);
    first.served[0]?.forward(8);
    first.served[0]?.upstream.receive('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    assert.equal(first.connection.detach(), undefined);
    await first.send('5678');
    take();
    await first.send(get('/2'));
    assert.deepEqual(second.targets(), ['/2']);
  });

  it('is not given away before the client has taken the last of its answer', async (t) => {
    const { first, second, take, isMoving } = await createMove(t);
    first.far.pause();
    await first.send(get('/1'));
    first.served[0]?.forward('none');
    first.served[0]?.upstream.receive(answerOf(LARGE_BYTES));
    await turns();
    assert.equal(isMoving(), false);
    first.far.resume();
    await first.received.first(LARGE_BYTES);
    while (!isMoving()) await turns();
    take();
    await first.send(get('/2'));
    assert.deepEqual(second.targets(), ['/2']);
  });

  it('is not given away when it is to end', async (t) => {
    const { first, rests } = await createMove(t);
    await first.send('GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    first.served[0]?.answer();
    assert.equal(first.connection.detach(), undefined);
    assert.equal(rests(), 0);
    await first.ended();
  });
});

describe('a drain in which connections move', () => {
  it('moves an idle connection at once, used or not', async (t) => {
    const unused = await createMove(t);
    unused.first.connection.drain({ mayHandOver: true });
    assert.equal(unused.isMoving(), true);
    assert.equal(unused.first.connection.isReused, false);

    let isWanted = false;
    const used = await createMove(t, { isWanted: () => isWanted });
    await used.first.send(get('/1'));
    used.first.served[0]?.answer();
    isWanted = true;
    used.first.connection.drain({ mayHandOver: true });
    assert.equal(used.isMoving(), true);
    assert.equal(used.first.connection.isReused, true);
  });

  it('moves a busy one when it has answered, and says nothing of closing', async (t) => {
    const { first, isMoving, take } = await createMove(t);
    await first.send(get('/1') + get('/2'));
    first.connection.drain({ mayHandOver: true });
    assert.equal(isMoving(), false);
    first.served[0]?.answer();
    first.served[1]?.answer();
    take();
    await turns();
    const text = first.received.bytes.toString();
    assert.equal(statusLines(text).length, 2);
    assert.doesNotMatch(text, /connection: close/i);
  });

  it('waits for the rest of a head that has begun', async (t) => {
    const { first, second, isMoving, take } = await createMove(t);
    await first.send('GET /1 HTTP/1.1\r\n');
    first.connection.drain({ mayHandOver: true });
    assert.equal(isMoving(), false);
    await first.send('Host: a\r\n\r\n');
    first.served[0]?.answer();
    take();
    await first.send(get('/2'));
    assert.deepEqual(first.targets(), ['/1']);
    assert.deepEqual(second.targets(), ['/2']);
  });

  it('waits until a slow client has taken the last byte', async (t) => {
    let isWanted = false;
    const { first, isMoving } = await createMove(t, { isWanted: () => isWanted });
    first.far.pause();
    await first.send(get('/1'));
    first.served[0]?.forward('none');
    first.served[0]?.upstream.receive(answerOf(LARGE_BYTES));
    isWanted = true;
    first.connection.drain({ mayHandOver: true });
    await turns();
    assert.equal(isMoving(), false);
    first.far.resume();
    const all = await first.received.first(LARGE_BYTES);
    assert.equal(all.length, LARGE_BYTES);
    while (!isMoving()) await turns();
  });

  it('closes as any other one does when nobody will have the connection', async (t) => {
    const { first, rests } = await createMove(t, { isWanted: () => false });
    await first.send(get('/1'));
    first.connection.drain({ mayHandOver: true });
    first.served[0]?.answer();
    assert.equal(rests(), 1);
    await first.send(get('/2'));
    first.served[1]?.answer();
    const text = await first.ended();
    assert.equal(statusLines(text).length, 2);
    assert.match(text, /no \/1.*connection: close.*no \/2/is);
  });

  it('closes connections where there is nobody to move them to', async (t) => {
    const { connection, clock, ended, closed } = await createBench(t);
    connection.drain({ mayHandOver: true });
    clock.pass(1_000 + LATE_MS);
    assert.equal(await ended(), '');
    assert.equal(closed(), 1);
  });
});
