/** A connection that asks when it is told to, as cheaply as this runtime can. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Reply {
  /** 0 when the connection broke before the answer was complete. */
  readonly status: number;
  readonly body: string;
  /** When it was complete, on the clock of `performance.now`. */
  readonly atMs: number;
}

export interface Connection extends AsyncDisposable {
  /** Sends a whole request, one at a time; `onReply` is called once, for a broken connection too. */
  ask(request: string, onReply: (reply: Reply) => void): void;
}

/** All of them read into it: what has arrived is dealt with before the next one reads. */
const readBuffer = Buffer.allocUnsafe(65_536);

/** A whole GET. */
export function requestFor(url: string, target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;
}

/** Connects from `localAddress`; what it is asked before it is connected waits. */
export function connectTo(url: string, localAddress: string): Connection {
  const { hostname: host, port } = new URL(url);
  let waiting: ((reply: Reply) => void) | undefined;
  let text = '';

  const finish = (status: number, body: string) => {
    const onReply = waiting;
    waiting = undefined;
    text = '';
    onReply?.({ status, body, atMs: performance.now() });
  };
  const take = (sizeBytes: number) => {
    text += readBuffer.toString('latin1', 0, sizeBytes);
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd < 0) return true;
    const length = /^content-length: *(\d+)\r$/im.exec(text.slice(0, headEnd + 1))?.[1];
    const body = text.slice(headEnd + 4);
    // Who answers without a length, or more than was asked for, cannot be told what is next.
    if (!waiting || length === undefined || body.length > Number(length)) socket.destroy();
    else if (body.length === Number(length)) finish(Number(text.slice(9, 12)), body);
    return true;
  };
  const socket = connect({
    host,
    port: Number(port),
    localAddress,
    noDelay: true,
    onread: { buffer: readBuffer, callback: take },
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => finish(0, ''));

  return {
    ask(request, onReply) {
      waiting = onReply;
      if (socket.destroyed) setImmediate(finish, 0, '');
      else socket.write(request, 'latin1');
    },
    async [Symbol.asyncDispose]() {
      if (socket.closed) return;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    },
  };
}
