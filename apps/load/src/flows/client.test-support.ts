/** Servers on free ports and clients for them, closed when the test is over. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import type { TestContext } from 'node:test';
import { createTargetGuard } from '../target-guard.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';
import { RecorderLog } from './recorder-log.test-support.ts';

/** Listens, and returns the URL of the server; closes with all its connections after the test. */
export async function listen(t: TestContext, server: NetServer, scheme = 'http'): Promise<URL> {
  const sockets = new Set<Socket>();
  for (const event of ['connection', 'secureConnection']) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.once('close', () => sockets.delete(socket));
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

export function serve(t: TestContext, listener: RequestListener): Promise<URL> {
  return listen(t, createServer(listener));
}

/** A server that knows nothing of HTTP. */
export function serveTcp(t: TestContext, listener: (socket: Socket) => void): Promise<URL> {
  return listen(t, createTcpServer(listener));
}

/** A client of a flow called `flow`. */
export function connectTo(t: TestContext, target: URL, options: Partial<HttpClientOptions> = {}) {
  const recorder = new RecorderLog();
  const abort = new AbortController();
  const client = createHttpClient({
    target,
    series: 'flow',
    recorder,
    guard: createTargetGuard({ ownedHosts: [] }),
    timeoutMs: 10_000,
    headers: {},
    http2: false,
    signal: abort.signal,
    ...options,
  });
  t.after(() => client.close());
  const http = () => client.forFlow({ intendedMs: performance.now() });
  return { recorder, abort, client, http };
}
