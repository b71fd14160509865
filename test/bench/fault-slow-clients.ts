/** Clients that take all the time they are given, and come back when they are cut off. */
import { connect, type Socket } from 'node:net';

const HEADS = 1_000;
const BODIES = 200;
/** Each may make the proxy and the system keep megabytes for it. */
const READERS = 50;
const TICK_MS = 500;
/** Connections are opened, and heads get another byte, a tenth of them at a time. */
const TURN_TICKS = 10;

interface SlowClient {
  /** Sent when connected. */
  readonly hello: string;
  /** Sent every `ticks` ticks, if anything. */
  readonly piece: string;
  readonly ticks: number;
  readonly readsNothing: boolean;
}

const HEAD: SlowClient = {
  hello: 'GET / HTTP/1.1\r\nHost: slow.example\r\nX-Slow: ',
  piece: 'x',
  ticks: TURN_TICKS,
  readsNothing: false,
};
const BODY: SlowClient = {
  hello: 'POST /slow HTTP/1.1\r\nHost: slow.example\r\nContent-Length: 1048576\r\n\r\n',
  piece: 'x'.repeat(1_000),
  ticks: 1,
  readsNothing: false,
};
const READER: SlowClient = {
  hello: 'GET /large HTTP/1.1\r\nHost: slow.example\r\n\r\n',
  piece: '',
  ticks: 1,
  readsNothing: true,
};

/** Connects them all to a port of 127.0.0.1, until disposed of. */
export function startSlowClients(port: number): Disposable {
  const clients = [
    ...Array.from({ length: HEADS }, () => HEAD),
    ...Array.from({ length: BODIES }, () => BODY),
    ...Array.from({ length: READERS }, () => READER),
  ];
  const sockets: (Socket | undefined)[] = clients.map(() => undefined);
  let tick = 0;
  const timer = setInterval(() => {
    tick++;
    for (const [index, client] of clients.entries()) {
      const socket = sockets[index];
      if (!socket && (tick + index) % TURN_TICKS === 0) sockets[index] = open(client, index);
      else if (client.piece && (tick + index) % client.ticks === 0) socket?.write(client.piece);
    }
  }, TICK_MS);

  function open(client: SlowClient, index: number): Socket {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.once('close', () => {
      if (sockets[index] === socket) sockets[index] = undefined;
    });
    if (client.readsNothing) socket.pause();
    else socket.resume();
    socket.write(client.hello);
    return socket;
  }

  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const socket of sockets) socket?.destroy();
    },
  };
}
