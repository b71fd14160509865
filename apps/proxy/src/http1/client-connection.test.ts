/** What a client connection does in time and in turn; its messages are tested from outside. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { RequestParser } from '@headgate/http1';
import { LATE_MS } from '../clock.test-support.ts';
import { ParserPool } from '../parser-pool.ts';
import { receive } from '../socket-pair.test-support.ts';
import {
  createBench,
  get,
  KEEP_ALIVE_MS,
  POST,
  statusLines,
  turns,
} from './client-connection.test-support.ts';

describe('requests sent ahead', () => {
  it('are served one at a time, each after the answer before', async (t) => {
    const { send, served, targets, received } = await createBench(t);
    await send(get('/1') + get('/2') + get('/3'));
    assert.deepEqual(targets(), ['/1']);
    served[0]?.answer();
    assert.deepEqual(targets(), ['/1', '/2']);
    await send(get('/4'));
    served[1]?.answer();
    served[2]?.answer();
    served[3]?.answer();
    assert.deepEqual(targets(), ['/1', '/2', '/3', '/4']);
    await turns();
    const details = received.bytes.toString().match(/no \/\d/g);
    assert.deepEqual(details, ['no /1', 'no /2', 'no /3', 'no /4']);
  });

  it('keep their bodies, whichever piece they came in', async (t) => {
    const { send, served } = await createBench(t);
    await send(`${get('/1')}${POST}1234`);
    await send(`5678${get('/3')}`);
    served[0]?.answer();
    const upload = served[1];
    assert.equal(upload?.target, '/up');
    assert.equal(upload.carrier.body?.isComplete, true);
    upload.forward(8);
    assert.match(upload.upstream.sent, /\r\n\r\n12345678$/);
    upload.upstream.receive('HTTP/1.1 204 No Content\r\n\r\n');
    assert.equal(served[2]?.target, '/3');
  });

  it('are read only so far, and the rest when there is room again', async (t) => {
    const { send, served, far } = await createBench(t, {
      upload: { idleMs: 30_000, bytesPerSecond: 0, maxSizeBytes: Number.POSITIVE_INFINITY },
    });
    const sizeBytes = 16 * 1024 * 1024;
    await send(get('/1'));
    let isSent = false;
    far.write(`POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
    const sent = new Promise<void>((resolve) => {
      far.write(Buffer.alloc(sizeBytes), () => {
        isSent = true;
        resolve();
      });
    });
    await sleep(100);
    assert.equal(isSent, false);
    served[0]?.answer();
    assert.equal(served[1]?.target, '/up');
    served[1].forward(sizeBytes);
    await sent;
  });

  it('leave a connection that reads on when all are answered, however many they were', async (t) => {
    const { send, served, targets } = await createBench(t);
    const many = Array.from({ length: 100 }, (_, i) => `/${i}`);
    await send(many.map(get).join(''));
    for (let i = 0; i < many.length; i++) served[i]?.answer();
    await send(get('/last'));
    assert.deepEqual(targets(), [...many, '/last']);
  });
});

describe('the time of a client', () => {
  it('to send its first request ends without a word when it sends nothing', async (t) => {
    const { clock, ended, closed } = await createBench(t);
    clock.pass(10_000);
    await turns();
    assert.equal(closed(), 0);
    clock.pass(LATE_MS);
    assert.equal(await ended(), '');
    assert.equal(closed(), 1);
  });

  it('to send its next request ends without a word', async (t) => {
    const { clock, send, served, received, ended } = await createBench(t);
    for (const target of ['/1', '/2']) {
      const before = received.bytes.length;
      await send(get(target));
      served.at(-1)?.answer();
      await received.first(before + 1);
      clock.pass(KEEP_ALIVE_MS);
    }
    assert.equal(served.length, 2, 'both were in time');
    clock.pass(LATE_MS);
    assert.equal(statusLines(await ended()).length, 2);
  });

  it('is not counted while it is served', async (t) => {
    const { clock, send, served, closed } = await createBench(t);
    await send(get('/1'));
    served[0]?.forward('none');
    clock.pass(10 * KEEP_ALIVE_MS);
    await turns();
    assert.deepEqual(served[0]?.outcomes, []);
    assert.equal(closed(), 0);
  });

  it('to complete a head is that of the head, not of a kept connection', async (t) => {
    const { clock, send, served, ended } = await createBench(t);
    await send(get('/1'));
    served[0]?.answer();
    clock.pass(60_000);
    await send('GET /2');
    clock.pass(6_000);
    await send(' HTTP/1.1\r\n');
    clock.pass(4_000 + LATE_MS);
    assert.deepEqual(statusLines(await ended()), ['HTTP/1.1 404', 'HTTP/1.1 408']);
  });

  it('to send its body ends in a page, and the attempt with it', async (t) => {
    const { clock, send, served } = await createBench(t);
    await send(`${POST}1234`);
    const [upload] = served;
    upload?.forward(8);
    clock.pass(30_000 + LATE_MS);
    assert.deepEqual(
      upload?.outcomes.map(({ kind }) => kind),
      ['slow-request'],
    );
    assert.equal(upload.upstream.isDestroyed, true);
  });
});

describe('a request answered in the middle of its upload', () => {
  const EARLY = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly';

  it('has the rest thrown away, and the next one is served', async (t) => {
    const { send, served, targets, received } = await createBench(t);
    await send(`${POST}1234`);
    const [upload] = served;
    upload?.forward(8);
    upload?.upstream.receive(EARLY);
    await send(`5678${get('/next')}`);
    assert.deepEqual(targets(), ['/up', '/next']);
    assert.doesNotMatch(upload?.upstream.sent ?? '', /5678/);
    served[1]?.answer();
    await turns();
    const answers = statusLines(received.bytes.toString());
    assert.deepEqual(answers, ['HTTP/1.1 200', 'HTTP/1.1 404']);
  });

  it('is waited for to its end only so long', async (t) => {
    const { clock, send, served, closed, ended } = await createBench(t);
    await send(`${POST}1234`);
    served[0]?.forward(8);
    served[0]?.upstream.receive(EARLY);
    clock.pass(5_000);
    await turns();
    assert.equal(closed(), 0);
    clock.pass(LATE_MS);
    assert.match(await ended(), /early$/);
  });
});

describe('the end of a connection', () => {
  it('ends the attempt under way, and is told once', async (t) => {
    const { send, served, far, closed } = await createBench(t);
    await send(get('/1'));
    served[0]?.forward('none');
    far.destroy();
    while (closed() === 0) await turn();
    assert.deepEqual(
      served[0]?.outcomes.map(({ kind }) => kind),
      ['client-gone'],
    );
    assert.equal(served[0]?.upstream.isDestroyed, true);
    await turns();
    assert.equal(closed(), 1);
  });

  it('is a reset where a mere end would look like that of the answer', async (t) => {
    const { send, served, far } = await createBench(t);
    await send('GET /1 HTTP/1.0\r\n\r\n');
    served[0]?.forward('none');
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
    served[0]?.upstream.receive(chunked);
    const failed = once(far, 'error');
    served[0]?.upstream.break();
    const [error] = (await failed) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });
});

describe('a connection that drains', () => {
  it('closes after a while when it is idle, in case a request is on its way', async (t) => {
    const { clock, connection, send, served, closed, ended } = await createBench(t);
    await send(get('/1'));
    served[0]?.answer();
    connection.drain();
    clock.pass(1_000);
    await turns();
    assert.equal(closed(), 0);
    clock.pass(LATE_MS);
    assert.equal(statusLines(await ended()).length, 1);
  });

  it('serves what it has, says that it closes, and drops what was sent ahead', async (t) => {
    const { connection, send, served, targets, ended } = await createBench(t);
    await send(get('/1') + get('/2'));
    connection.drain();
    served[0]?.answer();
    const text = await ended();
    assert.match(text, /\r\nconnection: close\r\n/i);
    assert.equal(statusLines(text).length, 1);
    assert.deepEqual(targets(), ['/1']);
  });
});

describe('an upgrade', () => {
  const UPGRADE =
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  it('hands over the socket with all that follows, and no more times', async (t) => {
    const { clock, send, served, tunnels, closed } = await createBench(t);
    await send(`${UPGRADE}first`);
    assert.equal(served.length, 0);
    const [tunnel] = tunnels;
    assert.equal(tunnel?.rest, 'first');
    const rest = receive(tunnel.socket);
    await send(' second');
    clock.pass(10 * KEEP_ALIVE_MS);
    assert.equal((await rest.first(7)).toString(), ' second');
    assert.equal(closed(), 0);
    tunnel.socket.destroy();
    await once(tunnel.socket, 'close');
    assert.equal(closed(), 1);
  });
});

describe('parsers', () => {
  it('are held by no connection that is idle', async (t) => {
    let created = 0;
    const parsers = new ParserPool(() => {
      created++;
      return new RequestParser();
    });
    const { send, served } = await createBench(t, { parsers });
    for (let i = 0; i < 3; i++) {
      await send(get(`/${i}`));
      served[i]?.answer();
      // Somebody else reads a message meanwhile.
      const borrowed = parsers.take();
      assert.equal(created, 1);
      parsers.giveBack(borrowed);
    }
  });
});

describe('empty lines before a request', () => {
  for (const ahead of ['\r', '\r\n', '\r\n\r\n']) {
    it(`are those of their own connection alone: ${JSON.stringify(ahead)}`, async (t) => {
      const parsers = new ParserPool(() => new RequestParser());
      const idle = await createBench(t, { parsers });
      await idle.send(ahead);
      const other = await createBench(t, { parsers });
      await other.send(`\r\n\r\n${get('/other')}`);
      assert.deepEqual(other.targets(), ['/other']);
      await idle.send(ahead === '\r' ? `\n${get('/1')}` : get('/1'));
      assert.deepEqual(idle.targets(), ['/1']);
    });
  }

  it('hold a connection back from moving while one of them is half there', async (t) => {
    const { connection, send } = await createBench(t);
    await send('\r');
    const early = connection.detach();
    t.after(() => early?.close());
    assert.equal(early, undefined);
    await send('\n');
    const handle = connection.detach();
    t.after(() => handle?.close());
    assert.ok(handle);
  });
});

describe('a client that is slow to take the end of its answer', () => {
  const SIZE_BYTES = 16 * 1024 * 1024;
  const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE_BYTES}\r\n\r\n${'x'.repeat(SIZE_BYTES)}`;
  const requests = { 'in full': get('/1'), 'with the rest of its upload to come': `${POST}some` };
  const endings = { 'keeps its connection': '', 'closes it': 'Connection: close\r\n' };

  for (const [asked, request] of Object.entries(requests)) {
    for (const [ending, field] of Object.entries(endings)) {
      it(`has the time for answers, when it asked ${asked} and ${ending}`, async (t) => {
        const { clock, send, served, received, far, closed } = await createBench(t);
        far.pause();
        await send(request.replace('\r\n\r\n', `\r\n${field}\r\n`));
        served[0]?.forward(request.startsWith('POST') ? 8 : 'none');
        served[0]?.upstream.receive(ANSWER);
        clock.pass(KEEP_ALIVE_MS + LATE_MS);
        await turns();
        assert.equal(closed(), 0);
        far.resume();
        await received.first(SIZE_BYTES);
        await turns();
        assert.ok(received.bytes.length > SIZE_BYTES);
      });
    }
  }
});
