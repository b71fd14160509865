// Owns how a serving process leaves: in an order in which nobody is cut off who could be answered.
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocketServer } from 'ws';
import type { Lifecycle } from './lifecycle.ts';

/** What is drained, and how long it may take. */
export interface DrainOptions {
  server: Server;
  webSockets: WebSocketServer;
  lifecycle: Lifecycle;
  /**
   * Milliseconds for which connections are still accepted: health checks see the 503, and a
   * request already on its way down an idle connection is answered instead of reset.
   */
  lingerMs: number;
  /** Milliseconds from the start until what is left is cut. */
  timeoutMs: number;
  /** Aborts to cut at once. */
  cut: AbortSignal;
}

// Close code "going away" (RFC 6455 §7.4.1).
const goingAway = 1001;
const sweepIntervalMs = 50;

/** Stops serving; resolves when the last connection is closed. */
export async function drain(options: DrainOptions): Promise<void> {
  const { server, webSockets, lifecycle, lingerMs, timeoutMs, cut } = options;
  const cutAll = () => {
    for (const socket of webSockets.clients) socket.terminate();
    server.closeAllConnections();
  };
  const timer = setTimeout(cutAll, timeoutMs);

  lifecycle.drain();
  closeWebSockets(webSockets);
  await sleep(Math.min(lingerMs, timeoutMs), undefined, { signal: cut }).catch(() => {});

  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  closeWebSockets(webSockets);
  // Connections fall idle one by one, and older releases of Node (20, for one) take a connection
  // that never sent a request for a busy one.
  let wasEmpty = false;
  const sweep = setInterval(() => {
    server.closeIdleConnections();
    const isEmpty = lifecycle.inFlight === 0;
    if (isEmpty && wasEmpty) server.closeAllConnections();
    wasEmpty = isEmpty;
  }, sweepIntervalMs);
  if (cut.aborted) cutAll();
  else cut.addEventListener('abort', cutAll, { once: true });

  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

function closeWebSockets(webSockets: WebSocketServer): void {
  for (const socket of webSockets.clients) socket.close(goingAway, 'the server is leaving');
}
