import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, openConnection } from './connection.ts';
import { failsAs } from './database.test-support.ts';

const OPTIONS: Omit<ConnectionOptions, 'url'> = {
  applicationName: 'test',
  connectTimeoutMs: 5_000,
  cancelTimeoutMs: 5_000,
  serverTimeoutMs: undefined,
  maxPrepared: 10,
};

/** A message of the server: its letter, its length, what it says (protocol §55.7). */
function message(letter: string, body: Buffer): Buffer {
  const head = Buffer.from(`${letter}....`);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const SHUTDOWN = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mleaving\0\0'));

/** Calls `use` with the URL of a server that says `words` to everybody and nothing else. */
async function withServer(words: Buffer, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(words));
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`postgres://user:password@127.0.0.1:${(server.address() as AddressInfo).port}/db`);
  } finally {
    server.close();
  }
}

test('a server that leaves with its welcome has no connection', async () => {
  await withServer(Buffer.concat([WELCOME, SHUTDOWN]), async (url) => {
    await assert.rejects(
      openConnection({ ...OPTIONS, url }, () => {}),
      failsAs('unreachable', { sqlstate: '57P01', retryable: true }),
    );
  });
});

test('a connection is usable until it is retired or closed', async () => {
  await withServer(WELCOME, async (url) => {
    const connection = await openConnection({ ...OPTIONS, url }, () => {});
    assert.equal(connection.isUsable, true);
    connection.retire();
    assert.equal(connection.isUsable, false);
    await Promise.all([connection.close(), connection.close()]);
  });
});

test('a server that says nothing is unreachable after the time for connecting', async () => {
  await withServer(Buffer.alloc(0), async (url) => {
    const opening = openConnection({ ...OPTIONS, url, connectTimeoutMs: 50 }, () => {});
    await assert.rejects(opening, failsAs('unreachable', { retryable: true }));
  });
});

test('a server that does not answer a check is taken for dead', async () => {
  await withServer(WELCOME, async (url) => {
    const connection = await openConnection({ ...OPTIONS, url, connectTimeoutMs: 200 }, () => {});
    await assert.rejects(connection.check(), failsAs('unreachable'));
    connection.destroy();
  });
});
