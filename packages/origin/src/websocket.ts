// Owns WebSockets at the kit's side: the server behind `upgradeWebSocket`, and how one is refused.
import { upgradeWebSocket as upgrade } from '@hono/node-server';
import type { UpgradeWebSocket } from 'hono/ws';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * Route handler that turns a request into a WebSocket. The kit always runs it on `ws`, so the raw
 * socket has `bufferedAmount` and `terminate`, which the adapter's own type does not promise.
 */
export const upgradeWebSocket = upgrade as UpgradeWebSocket<WebSocket>;

/** A WebSocket server for `serveOrigin`; messages above `maxMessageBytes` close with 1009. */
export function createWebSocketServer(maxMessageBytes: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    // Costs about 300 kB per socket and pays only for large text.
    perMessageDeflate: false,
  });
}
