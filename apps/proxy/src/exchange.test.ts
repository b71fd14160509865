import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Dispatcher } from 'undici';
import type { Connections } from './connections.ts';
import { exchange, type PreparedRequest } from './exchange.ts';

const request: PreparedRequest = {
  id: 'r1',
  method: 'GET',
  target: '/',
  headers: ['host', 'a'],
  body: undefined,
};

/** A client that leaves `untakenBytes` of its answer unread. */
class StubbornClient extends EventEmitter {
  headersSent = false;
  destroyed = false;
  writableLength: number;
  constructor(untakenBytes: number) {
    super();
    this.writableLength = untakenBytes;
  }
  writeHead(): void {
    this.headersSent = true;
  }
  write(): boolean {
    return true;
  }
  end(): void {}
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

/** Connections whose upstream answers at once and in full. */
function answeringAtOnce(): Connections {
  const dispatcher = {
    dispatch(_options: unknown, handler: Dispatcher.DispatchHandler) {
      const controller = { rawHeaders: [], pause() {}, resume() {}, abort() {} };
      const typed = controller as unknown as Dispatcher.DispatchController;
      handler.onRequestStart?.(typed, {});
      handler.onResponseStart?.(typed, 200, {}, 'OK');
      handler.onResponseData?.(typed, Buffer.from('all of it'));
      handler.onResponseEnd?.(typed, {});
      return true;
    },
  };
  return { dispatcher, settings: { origin: 'http://a' } } as unknown as Connections;
}

function attempt(client: StubbornClient) {
  const timeouts = { firstByteMs: 1_000, idleMs: 1_000, clientStallMs: 20 };
  return exchange(request, answeringAtOnce(), timeouts, client as unknown as ServerResponse);
}

test('a client that never takes the last bytes is let go after a while', async () => {
  const client = new StubbornClient(4_096);
  assert.deepEqual(await attempt(client), { kind: 'answered', status: 200 });
  if (!client.destroyed) await once(client, 'close');
  assert.equal(client.destroyed, true);
});

test('a client that has taken everything keeps its connection', async () => {
  const client = new StubbornClient(0);
  await attempt(client);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(client.destroyed, false);
});
