/** A line to a TCP port of this machine that tests can make slow, cut, or let swallow everything. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpLine extends AsyncDisposable {
  /** What to connect to instead. */
  readonly port: number;
  /** Holds everything back for so long, both ways. */
  delay(durationMs: number): void;
  /** Ends all connections and every new one. */
  cut(): void;
  /** Keeps connections and takes new ones, and what is sent is lost. */
  swallow(): void;
  /** As new: connections that have lost something end. */
  mend(): void;
}

/** Opens a line to `target`. */
export async function openTcpLine(target: number): Promise<TcpLine> {
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let state: 'whole' | 'cut' | 'swallowing' = 'whole';
  let delayMs = 0;

  const relay = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('data', (bytes) => {
      if (state === 'swallowing') return;
      if (delayMs === 0) {
        to.write(bytes);
        return;
      }
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (!to.destroyed) to.write(bytes);
      }, delayMs);
      timers.add(timer);
    });
  };
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    relay(near, far);
    relay(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    delay(durationMs) {
      delayMs = durationMs;
    },
    cut() {
      state = 'cut';
      endAll();
    },
    swallow() {
      state = 'swallowing';
    },
    mend() {
      if (state === 'swallowing') endAll();
      state = 'whole';
      delayMs = 0;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const timer of timers) clearTimeout(timer);
      endAll();
      await once(server, 'close');
    },
  };
}
