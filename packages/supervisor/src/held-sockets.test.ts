import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldSockets } from './held-sockets.ts';
import { ListenSockets } from './listen-sockets.ts';
import type { ListenEndpoint } from './messages.ts';

const ENDPOINT: ListenEndpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };

test('a socket is closed when no worker holds it, and not before', async (t) => {
  const sockets = new ListenSockets([]);
  t.after(() => sockets.closeAll());
  const held = new HeldSockets<string>(sockets);
  const one = await held.open('a', 'http', ENDPOINT);
  assert.equal((await held.open('b', 'http', ENDPOINT)).handle, one.handle);
  await held.open('b', 'admin', ENDPOINT);
  held.release('a', 'http');
  held.closeUnheld();
  assert.deepEqual(sockets.keys(), ['http', 'admin']);
  held.releaseAll('b');
  assert.deepEqual(sockets.keys(), ['http', 'admin']);
  held.closeUnheld();
  assert.deepEqual(sockets.keys(), []);
});

test('a socket that is being opened is not taken for nobody’s', async (t) => {
  const sockets = new ListenSockets([]);
  t.after(() => sockets.closeAll());
  const held = new HeldSockets<string>(sockets);
  const opening = held.open('a', 'http', ENDPOINT);
  held.closeUnheld();
  await opening;
  assert.deepEqual(sockets.keys(), ['http']);
});

test('a socket that cannot be opened is held by nobody', async (t) => {
  const sockets = new ListenSockets([]);
  t.after(() => sockets.closeAll());
  const held = new HeldSockets<string>(sockets);
  const nowhere: ListenEndpoint = { kind: 'tcp', host: '192.0.2.1', port: 8_080 };
  await assert.rejects(held.open('a', 'http', nowhere), /192\.0\.2\.1:8080/);
  await held.open('a', 'http', ENDPOINT);
  held.release('a', 'http');
  held.closeUnheld();
  assert.deepEqual(sockets.keys(), []);
});
