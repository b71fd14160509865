/** An origin that speaks WebSocket through the `ws` package and echoes every message. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface WebSocketOrigin extends AsyncDisposable {
  readonly url: string;
  /** The upgrade requests, in order. */
  readonly handshakes: readonly IncomingMessage[];
  /** Tunnels that are open now. */
  readonly open: ReadonlySet<WebSocket>;
}

/** Starts the origin; it speaks the subprotocol `echo` when it is offered. */
export async function startWebSocketOrigin(): Promise<WebSocketOrigin> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: true,
    handleProtocols: (offered) => (offered.has('echo') ? 'echo' : false),
  });
  const handshakes: IncomingMessage[] = [];
  server.on('connection', (socket, request) => {
    handshakes.push(request);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => {});
  });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handshakes,
    open: server.clients,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}
