import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { openPair, receive } from './socket-pair.test-support.ts';
import { socketPathFor } from './socket-path.test-support.ts';
import { type OnBytes, openSocket, type Reading, readFrom } from './socket-reading.ts';

/** Larger than one read. */
const LARGE = Buffer.alloc(300_000, 'large');

/** Takes bytes as they are read and puts them together. */
function reader() {
  const pieces: Buffer[] = [];
  const buffers = new Set<Buffer>();
  let wake = () => {};
  const onBytes: OnBytes = (bytes, sizeBytes) => {
    buffers.add(bytes);
    pieces.push(Buffer.from(bytes.subarray(0, sizeBytes)));
    wake();
  };
  const read = () => Buffer.concat(pieces);
  return {
    onBytes,
    buffers,
    read,
    /** Resolves with the first `sizeBytes` when they have been read. */
    async first(sizeBytes: number): Promise<Buffer> {
      while (read().length < sizeBytes) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return read().subarray(0, sizeBytes);
    },
  };
}

async function openReading(t: TestContext, onBytes: OnBytes) {
  return openPair<Reading>(t, (socket) => {
    const reading = readFrom(socket, onBytes);
    t.after(() => reading.socket.destroy());
    return reading;
  });
}

describe('an accepted socket', () => {
  it('hands over all bytes, in order', async (t) => {
    const { onBytes, first } = reader();
    const { far } = await openReading(t, onBytes);
    far.write('small ');
    far.write(LARGE);
    const all = Buffer.concat([Buffer.from('small '), LARGE]);
    assert.ok((await first(all.length)).equals(all));
  });

  it('hands over what was sent before it was accepted', async (t) => {
    const { onBytes, first } = reader();
    const server = createServer({ allowHalfOpen: true });
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const far = openSocket(endpointOf(server), undefined, () => {});
    t.after(() => far.destroy());
    far.end('early');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const { socket } = readFrom(accepted, onBytes);
    t.after(() => socket.destroy());
    assert.equal((await first(5)).toString(), 'early');
    if (!socket.readableEnded) await once(socket, 'end');
  });

  it('is read into the buffer that all share, not as a stream', async (t) => {
    const [one, other] = [reader(), reader()];
    const pairs = [await openReading(t, one.onBytes), await openReading(t, other.onBytes)];
    for (const { near, far } of pairs) {
      assert.equal(near.socket.listenerCount('data'), 0);
      far.write('x');
    }
    await Promise.all([one.first(1), other.first(1)]);
    assert.equal(new Set([...one.buffers, ...other.buffers]).size, 1);
  });

  it('still has its addresses, and can be written to', async (t) => {
    const { near, far } = await openReading(t, () => {});
    assert.equal(near.socket.remotePort, far.localPort);
    assert.equal(near.socket.localPort, far.remotePort);
    near.socket.end('answer');
    assert.equal((await receive(far).all()).toString(), 'answer');
  });

  it('tells when the other side has ended, and stays open for answers', async (t) => {
    const { onBytes, first } = reader();
    const { near, far } = await openReading(t, onBytes);
    const ended = once(near.socket, 'end');
    far.end('last');
    await ended;
    assert.equal((await first(4)).toString(), 'last');
    near.socket.end('answer');
    assert.equal((await receive(far).all()).toString(), 'answer');
    if (!near.socket.closed) await once(near.socket, 'close');
  });

  it('tells when the connection is reset', async (t) => {
    const { near, far } = await openReading(t, () => {});
    const failed = once(near.socket, 'error');
    far.resetAndDestroy();
    const [error] = (await failed) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });

  it('hands over nothing while it is paused', async (t) => {
    const { onBytes, read, first } = reader();
    const { near, far } = await openReading(t, onBytes);
    far.write('before ');
    await first(7);
    near.socket.pause();
    await written(far, 'after');
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(read().toString(), 'before ');
    near.socket.resume();
    assert.equal((await first(12)).toString(), 'before after');
  });
});

describe('an accepted socket that is released', () => {
  it('is read as a stream from there on, to its end', async (t) => {
    const { onBytes, read, first } = reader();
    const { near, far } = await openReading(t, onBytes);
    far.write('before');
    await first(6);
    near.release();
    const received = receive(near.socket);
    far.write('after ');
    await received.first(6);
    far.end(LARGE);
    const all = await received.all();
    assert.ok(all.equals(Buffer.concat([Buffer.from('after '), LARGE])));
    assert.equal(read().toString(), 'before');
  });

  it('loses nothing that comes before anybody reads', async (t) => {
    const { onBytes, read } = reader();
    const { near, far } = await openReading(t, onBytes);
    near.release();
    await written(far, 'waiting');
    for (let i = 0; i < 5; i++) await turn();
    const received = receive(near.socket);
    far.end();
    assert.equal((await received.all()).toString(), 'waiting');
    assert.equal(read().length, 0);
  });

  it('tells who only watches that something came, and that it was the last', async (t) => {
    const { near, far } = await openReading(t, () => {});
    near.release();
    let seen = 0;
    near.socket.on('readable', () => seen++);
    far.write('x');
    await once(near.socket, 'readable');
    assert.equal(near.socket.read()?.toString(), 'x');
    const ended = once(near.socket, 'end');
    far.end();
    await ended;
    assert.ok(seen > 0);
  });

  it('may be released by what was just read', async (t) => {
    const seen: string[] = [];
    const rest = Promise.withResolvers<string>();
    const { far } = await openPair(t, (socket) => {
      const reading = readFrom(socket, (bytes, sizeBytes) => {
        seen.push(bytes.toString('latin1', 0, sizeBytes));
        reading.release();
        receive(reading.socket)
          .all()
          .then((all) => rest.resolve(all.toString()), rest.reject);
      });
      t.after(() => reading.socket.destroy());
    });
    await written(far, 'head');
    while (seen.length === 0) await turn();
    far.end('rest');
    assert.equal(await rest.promise, 'rest');
    assert.deepEqual(seen, ['head']);
  });

  it('slows the other side down while nobody reads', async (t) => {
    const { near, far } = await openReading(t, () => {});
    near.release();
    const block = Buffer.alloc(1_000_000, 'x');
    let sizeBytes = 0;
    do {
      sizeBytes += block.length;
    } while (far.write(block));
    for (let i = 0; i < 20; i++) await turn();
    assert.ok(far.writableLength > 0, 'the kernel holds the rest');
    far.end();
    const all = await receive(near.socket).all();
    assert.equal(all.length, sizeBytes);
  });
});

describe('a socket that is opened', () => {
  for (const kind of ['tcp', 'unix'] as const) {
    it(`hands over all bytes and the end of them: ${kind}`, async (t) => {
      const { onBytes, first } = reader();
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.write('small ');
        socket.end(LARGE);
        socket.resume();
      });
      t.after(() => server.close());
      if (kind === 'unix') server.listen(await socketPathFor(t));
      else server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const socket = openSocket(endpointOf(server), undefined, onBytes);
      t.after(() => socket.destroy());
      await once(socket, 'end');
      const all = Buffer.concat([Buffer.from('small '), LARGE]);
      assert.ok((await first(all.length)).equals(all));
      assert.equal(socket.writable, true, 'our side is still open');
      assert.equal(socket.listenerCount('data'), 0);
    });
  }

  it('fails when nobody accepts', async (t) => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = endpointOf(server);
    server.close();
    await once(server, 'close');
    const socket = openSocket(endpoint, undefined, () => assert.fail('there are no bytes'));
    t.after(() => socket.destroy());
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });
});

/** Writes, and resolves when the kernel has it. */
function written(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => socket.write(text, () => resolve()));
}

function endpointOf(server: ReturnType<typeof createServer>) {
  const address = server.address() as AddressInfo | string;
  return typeof address === 'string'
    ? { kind: 'unix' as const, path: address }
    : { kind: 'tcp' as const, host: address.address, port: address.port };
}
