// Owns how a serving process leaves: in an order in which nobody is cut off who could be answered.
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocketServer } from 'ws';
import type { Connections } from './connections.ts';
import type { Departure, Lifecycle } from './lifecycle.ts';
import { closeWebSockets } from './websocket-closing.ts';

/** What is drained, and how long it may take. */
export interface DrainOptions {
  server: Server;
  connections: Connections;
  webSockets: WebSocketServer;
  lifecycle: Lifecycle;
  departure: Departure;
  /**
   * Milliseconds for which connections are still served when the address goes: health checks see
   * the 503, and a request already on its way down an idle connection is answered instead of reset.
   */
  lingerMs: number;
  /** Milliseconds from the start until what is left is cut. */
  timeoutMs: number;
  onListenerClosed?: (() => void) | undefined;
  /** Aborts to cut at once. */
  cut: AbortSignal;
}

const sweepIntervalMs = 50;
/** Of the drain time: how long idle connections are waited for when nothing presses. */
const patientLingerShare = 1 / 4;
/** Of the drain time: who is told to come back should not come back all at once. */
const webSocketSpreadShare = 1 / 2;

/** Stops serving; resolves when the last connection is closed. */
export async function drain(options: DrainOptions): Promise<void> {
  const { server, connections, webSockets, lifecycle, departure, timeoutMs, cut } = options;
  const { onListenerClosed = () => {} } = options;
  const cutAll = () => {
    server.closeAllConnections();
    connections.destroyAll();
  };
  const timer = setTimeout(cutAll, timeoutMs);

  lifecycle.drain(departure);
  const stays = departure === 'address-stays';
  // Others accept from now on. Not the server's own close, which would close idle connections too.
  if (stays) {
    NetServer.prototype.close.call(server);
    onListenerClosed();
  }
  const closing = closeWebSockets(webSockets, {
    departure,
    spreadMs: stays ? timeoutMs * webSocketSpreadShare : 0,
    random: Math.random,
  });
  await linger(options, stays);

  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if (!stays) onListenerClosed();
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

  await Promise.all([closed, connections.none()]);
  clearInterval(sweep);
  clearTimeout(timer);
  closing.stop();
}

/** Gives every client that is about to ask the chance to be told `Connection: close`. */
async function linger(options: DrainOptions, isPatient: boolean): Promise<void> {
  const { connections, lingerMs, timeoutMs, cut } = options;
  const longestMs = isPatient ? Math.max(lingerMs, timeoutMs * patientLingerShare) : lingerMs;
  const over = new AbortController();
  const signal = AbortSignal.any([cut, over.signal]);
  const passed = sleep(Math.min(longestMs, timeoutMs), undefined, { signal }).catch(() => {});
  // Nothing new can come once the address is served by others.
  await (isPatient ? Promise.race([passed, connections.none()]) : passed);
  over.abort();
}
