// A line to a Redis that tests can make slow, cut, or silently lose: a proxy on TCP.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** See {@link openLine}. */
export interface RedisLine {
  /** Where to reach Redis through the line. */
  readonly url: string;
  /** Connections made through it so far. */
  readonly connections: number;
  /** Holds everything back that long, both ways. */
  delay(durationMs: number): void;
  /** Ends all connections and refuses new ones. */
  cut(): void;
  /** Keeps all connections, takes new ones, and lets nothing through: what was sent is lost. */
  lose(): void;
  /** Lets new connections through again; those that lost something end. */
  mend(): void;
  close(): Promise<void>;
}

/** Opens a line to the Redis at `target`: a unix socket's path, or a port of 127.0.0.1. */
export async function openLine(target: string | number): Promise<RedisLine> {
  const sockets = new Set<Socket>();
  let state: 'whole' | 'cut' | 'lost' = 'whole';
  let delayMs = 0;
  let connections = 0;

  function relay(from: Socket, to: Socket) {
    sockets.add(from);
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('data', (data) => {
      if (state === 'lost') return;
      if (delayMs === 0) to.write(data);
      else setTimeout(() => void (to.destroyed || to.write(data)), delayMs);
    });
  }

  const server = createServer((near) => {
    connections += 1;
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = typeof target === 'string' ? connect(target) : connect(target, '127.0.0.1');
    relay(near, far);
    relay(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    delay(durationMs) {
      delayMs = durationMs;
    },
    cut() {
      state = 'cut';
      endAll();
    },
    lose() {
      state = 'lost';
    },
    mend() {
      if (state === 'lost') endAll();
      state = 'whole';
    },
    async close() {
      const closed = once(server.close(), 'close');
      endAll();
      await closed;
    },
  };
}
