import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, OK, outcomes, serveRaw, until } from './plain.test-support.ts';

const answers = [
  ['of a known length', OK, '200'],
  ['in chunks', 'HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', '201'],
  ['without a body', 'HTTP/1.1 204 x\r\n\r\n', '204'],
  ['that was not expected', 'HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n', '!503'],
  ['after an interim one', `HTTP/1.1 103 x\r\n\r\n${OK}`, '200'],
] as const;

describe('a plain client', () => {
  for (const [what, text, outcome] of answers) {
    it(`records an answer ${what}, and uses the connection again`, async (t) => {
      const { port, sockets } = await serveRaw(t, (socket) => socket.write(text));
      const { ask, recording } = createClient(t, port);
      for (let i = 0; i < 2; i++) await ask().ended;
      const taken = recording.take();
      assert.deepEqual(outcomes(taken), { [outcome]: 2 });
      assert.equal(taken.started, 2);
      assert.equal(taken.inFlight, 0);
      assert.equal(taken.connections, 1);
      assert.equal(taken.receivedBytes, 2 * text.length);
      assert.equal(sockets.length, 1);
    });
  }

  it('uses the connection that was used last', async (t) => {
    const held = new Map<number, () => void>();
    const { port, requests } = await serveRaw(t, (socket, _, connection) => {
      held.set(connection, () => socket.write(OK));
    });
    const { ask } = createClient(t, port);
    const both = [ask(), ask()];
    const endedCount = () => both.filter(({ ends }) => ends.length > 0).length;
    await until(() => held.size === 2);
    held.get(1)?.();
    await until(() => endedCount() === 1);
    held.get(0)?.();
    await until(() => endedCount() === 2);
    const third = ask();
    await until(() => requests.length === 3);
    assert.equal(requests[2]?.connection, 0);
    held.get(0)?.();
    await third.ended;
  });

  it('opens another connection when an answer closes its own', async (t) => {
    const { port, sockets } = await serveRaw(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    });
    const { ask, recording } = createClient(t, port);
    for (let i = 0; i < 3; i++) await ask().ended;
    assert.deepEqual(outcomes(recording.take()), { '200': 3 });
    assert.equal(sockets.length, 3);
  });

  it('reads a body until the connection closes, and asks nothing more on it', async (t) => {
    const { port, requests, sockets } = await serveRaw(t, (socket) =>
      socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'),
    );
    const { client, recording, series } = createClient(t, port);
    const left = Promise.withResolvers<void>();
    let remaining = 3;
    const begin = () => {
      const owner = { flowEnded: () => (--remaining > 0 ? begin() : left.resolve()) };
      const text = 'POST / HTTP/1.1\r\nhost: a\r\n\r\n';
      client.begin({ series, text, method: 'POST', owner, isExpected: () => true }, 0);
    };
    begin();
    await left.promise;
    assert.deepEqual(outcomes(recording.take()), { '200': 3 });
    assert.equal(requests.length, 3);
    assert.equal(sockets.length, 3);
  });

  it('distrusts a connection on which more came than the answer', async (t) => {
    const { port, sockets } = await serveRaw(t, (socket) => socket.write(`${OK}more`));
    const { ask, recording } = createClient(t, port);
    for (let i = 0; i < 2; i++) await ask().ended;
    assert.deepEqual(outcomes(recording.take()), { '200': 2 });
    assert.equal(sockets.length, 2);
  });

  for (const [what, text, kind] of [
    ['a body cut short', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', '!reset'],
    ['a head cut short', 'HTTP/1.1 200 OK\r\nconte', '!reset'],
    ['no answer at all', '', '!reset'],
    ['what is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', '!protocol'],
  ] as const) {
    it(`fails as ${kind.slice(1)} on ${what}`, async (t) => {
      const { port } = await serveRaw(t, (socket) => socket.end(text));
      const { ask, recording } = createClient(t, port);
      const asked = ask();
      await asked.ended;
      const taken = recording.take();
      assert.deepEqual(outcomes(taken), { [kind]: 1 });
      assert.equal(taken.inFlight, 0);
      await until(() => recording.take().connections === 0);
      // Whoever began it hears that it failed, and pauses before the next.
      assert.deepEqual(asked.ends, [true]);
    });
  }

  it('gives up after the time limit, and not before', async (t) => {
    const { port, sockets } = await serveRaw(t, () => {});
    const { ask, recording } = createClient(t, port, { timeoutMs: 200 });
    const startMs = performance.now();
    const asked = ask();
    await asked.ended;
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 199 && tookMs < 2_000, `${tookMs} ms`);
    assert.deepEqual(outcomes(recording.take()), { '!timeout': 1 });
    await until(() => sockets[0]?.destroyed === true);
    assert.deepEqual(asked.ends, [true]);
  });

  it('fails as refused where nobody listens', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { ask, recording } = createClient(t, port, { maxConnecting: 1 });
    const asked = [ask(), ask(), ask()];
    await Promise.all(asked.map(({ ended }) => ended));
    const taken = recording.take();
    assert.deepEqual(outcomes(taken), { '!refused': 3 });
    assert.equal(taken.inFlight, 0);
    assert.equal(taken.connections, 0);
    for (const { ends } of asked) assert.deepEqual(ends, [true]);
  });

  for (const [method, outcome] of [
    ['GET', { '200': 2 }],
    ['POST', { '200': 1, '!reset': 1 }],
  ] as const) {
    it(`${method} on a connection the server just closed: ${JSON.stringify(outcome)}`, async (t) => {
      let count = 0;
      const { port, requests } = await serveRaw(t, (socket) => {
        // The second request meets a server that closes; on another connection it is answered.
        if (++count === 2) socket.destroy();
        else socket.write(OK);
      });
      const { ask, recording } = createClient(t, port);
      for (let i = 0; i < 2; i++) {
        const asked = ask(method);
        await asked.ended;
        assert.equal(asked.ends.length, 1);
      }
      const taken = recording.take();
      assert.deepEqual(outcomes(taken), outcome);
      assert.equal(taken.started, 2);
      assert.equal(taken.inFlight, 0);
      assert.equal(requests.length, method === 'GET' ? 3 : 2);
    });
  }

  it('asks again once only', async (t) => {
    let count = 0;
    const { port, requests } = await serveRaw(t, (socket) => {
      if (++count === 1) socket.write(OK);
      else socket.destroy();
    });
    const { ask, recording } = createClient(t, port);
    for (let i = 0; i < 2; i++) await ask().ended;
    assert.deepEqual(outcomes(recording.take()), { '200': 1, '!reset': 1 });
    assert.equal(requests.length, 3);
  });

  for (const end of ['cut', 'held'] as const) {
    it(`ends what is in flight as ${end}, and tells each owner once`, async (t) => {
      const { port, requests, sockets } = await serveRaw(t, () => {});
      const { ask, client, recording } = createClient(t, port);
      const asked = [ask(), ask(), ask()];
      await until(() => requests.length === 3);
      client.close(end);
      assert.deepEqual(outcomes(recording.take()), end === 'cut' ? { '!cut': 3 } : {});
      await until(() => sockets.every(({ destroyed }) => destroyed));
      await until(() => recording.take().connections === 0);
      client.close(end);
      assert.equal(recording.inFlight, 0);
      for (const { ends } of asked) assert.equal(ends.length, 1);
    });
  }

  it('opens no more connections at a time than allowed, and forgets who waits when closed', async (t) => {
    const { port, requests } = await serveRaw(t, () => {});
    const { ask, client, recording } = createClient(t, port, { maxConnecting: 2 });
    const asked = Array.from({ length: 7 }, () => ask());
    assert.equal(recording.inFlight, 2);
    await until(() => requests.length === 7);
    assert.equal(recording.inFlight, 7);
    const late = [ask(), ask(), ask()];
    assert.equal(recording.inFlight, 9);
    client.close('held');
    await pause(50);
    for (const { ends } of [...asked, ...late]) assert.equal(ends.length, 1);
    const taken = recording.take();
    // Two were being connected, and never sent; one waited, and never began.
    assert.deepEqual(outcomes(taken), { '!cut': 2 });
    assert.equal(taken.started, 9);
    assert.equal(taken.inFlight, 0);
    assert.equal(requests.length, 7);
  });
});
