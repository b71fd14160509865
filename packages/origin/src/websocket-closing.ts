// Owns how the WebSockets of a process that leaves are closed: with which words, and when.
import type { WebSocket, WebSocketServer } from 'ws';
import type { Departure } from './lifecycle.ts';

/** How WebSockets are closed. */
export interface ClosingOptions {
  departure: Departure;
  /** Each is closed at random within so many milliseconds: all would come back at once. */
  spreadMs: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

// Close codes: "going away" (RFC 6455 §7.4.1), and "service restart" of the IANA registry, after
// which a client may come back at once.
const farewells: Record<Departure, readonly [code: number, reason: string]> = {
  'address-leaves': [1001, 'the server is leaving'],
  'address-stays': [1012, 'the server restarts; connect again'],
};

/** Closes every WebSocket there is, and those that still open, until `stop` is called. */
export function closeWebSockets(server: WebSocketServer, options: ClosingOptions) {
  const { departure, spreadMs, random } = options;
  const farewell = farewells[departure];
  const timers = new Set<NodeJS.Timeout>();
  const close = (socket: WebSocket) => {
    timers.add(setTimeout(() => socket.close(...farewell), random() * spreadMs));
  };
  for (const socket of server.clients) close(socket);
  server.on('connection', close);
  return {
    stop() {
      server.off('connection', close);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
