// Owns the listener of an origin: its timeouts, its address and its end.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server';
import { type Connections, followConnections, type GiveAway } from './connections.ts';
import { drain } from './drain.ts';
import type { Departure } from './lifecycle.ts';
import { LoggedResponse } from './logged-response.ts';
import type { Origin } from './origin.ts';
import { OriginResponse } from './origin-response.ts';
import { createWebSocketServer } from './websocket.ts';

/** Where and how an origin is served. */
export interface ServeOptions {
  /** Default 127.0.0.1. */
  hostname?: string;
  /** 0 takes a free one. */
  port: number;
  /** Milliseconds in-flight requests get to finish when the origin is closed. Default 10000. */
  drainTimeoutMs?: number;
  /** Milliseconds for which a closing origin still accepts connections. Default 250. */
  lingerMs?: number;
  /** Largest WebSocket message in bytes. Default 1 MiB. */
  maxMessageBytes?: number;
}

/** An origin that is listening. */
export interface ServedOrigin {
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  /** Drains and resolves when the last connection is closed; calling it again changes nothing. */
  close(): Promise<void>;
  /** Cuts what a `close` under way is still waiting for. */
  cut(): void;
}

export const defaultHostname = '127.0.0.1';
export const defaultDrainTimeoutMs = 10_000;

// The proxy keeps idle connections for 60 s. The side that reuses a connection must be the first to
// drop it, or a request meets a closing socket; hence longer here.
const keepAliveTimeoutMs = 75_000;
// Shorter than the keep-alive, it would cut a connection whose next request was just starting.
const headersTimeoutMs = 76_000;

/** How a server is closed. */
interface CloseOptions {
  /** Default: the address leaves. */
  readonly departure?: Departure;
  /** In place of the `drainTimeoutMs` it was made with. */
  readonly timeoutMs?: number | undefined;
  /** From then on this process accepts no connections. */
  readonly onListenerClosed?: () => void;
}

/** The HTTP server of an origin, which listens nowhere yet. */
export interface OriginServer {
  readonly server: Server;
  readonly connections: Connections;
  /** Drains and resolves when the last connection is closed; calling it again changes nothing. */
  close(options?: CloseOptions): Promise<void>;
  /** Cuts what a `close` under way is still waiting for. */
  cut(): void;
}

/** Makes the server of `origin`; connections it accepts are offered to `giveAway` first. */
export function createOriginServer(
  origin: Origin,
  options: Omit<ServeOptions, 'port'>,
  giveAway?: GiveAway,
): OriginServer {
  const { drainTimeoutMs = defaultDrainTimeoutMs } = options;
  const { lingerMs = 250, maxMessageBytes = 1024 * 1024 } = options;
  const webSockets = createWebSocketServer(maxMessageBytes);
  // Without `createServer` the adapter makes a plain HTTP/1.1 server.
  const server = createAdaptorServer({
    fetch: origin.fetch,
    hostname: options.hostname ?? defaultHostname,
    serverOptions: {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      // Counts the body too: it would end a long upload that is making progress.
      requestTimeout: 0,
      // A request that announces no body has no stream that would have to be read to its end.
      optimizeEmptyRequests: true,
      // Offers of anything else, such as h2c, are ignored (RFC 9110 §7.8) rather than never answered.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
      ServerResponse: origin.accessLog === undefined ? OriginResponse : LoggedResponse,
    },
    // Their types differ in `undefined` for an optional property only.
    websocket: { server: webSockets as WebSocketServerLike },
  }) as Server;
  const connections = followConnections(server, giveAway);
  const { lifecycle, background, accessLog } = origin;
  const cut = new AbortController();
  let closing: Promise<void> | undefined;
  const leave = async (how: CloseOptions) => {
    const { departure = 'address-leaves', timeoutMs = drainTimeoutMs, onListenerClosed } = how;
    const over = new AbortController();
    const end = () => over.abort();
    const timer = setTimeout(end, timeoutMs);
    if (cut.signal.aborted) end();
    else cut.signal.addEventListener('abort', end, { once: true });
    await drain({
      server,
      connections,
      webSockets,
      lifecycle,
      departure,
      lingerMs,
      timeoutMs,
      onListenerClosed,
      cut: cut.signal,
    });
    await background.finish(over.signal);
    clearTimeout(timer);
    // What could not be written has been told by a warning.
    await accessLog?.close().catch(() => {});
  };
  return {
    server,
    connections,
    close(options) {
      closing ??= leave(options ?? {});
      return closing;
    },
    cut: () => cut.abort(),
  };
}

/** Starts to listen. Rejects with a message for people when the address cannot be had. */
export async function serveOrigin(origin: Origin, options: ServeOptions): Promise<ServedOrigin> {
  const { hostname = defaultHostname, port } = options;
  const { server, close, cut } = createOriginServer(origin, options);
  await listen(server, port, hostname);

  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    url: urlOf(address.address, address.port),
    close: () => close(),
    cut,
  };
}

/** `http://host:port`, with an IPv6 address in brackets. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function listen(server: Server, port: number, hostname: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(listenMessage(error, port, hostname), { cause: error }));
    });
    server.listen(port, hostname, resolve);
  });
}

function listenMessage(error: NodeJS.ErrnoException, port: number, hostname: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${hostname} is already in use; set PORT to a free one`;
    case 'EACCES':
      return `port ${port} on ${hostname} needs more rights; set PORT to 1024 or above`;
    default:
      return `cannot listen on ${hostname}:${port}: ${error.message}; check HOST and PORT`;
  }
}
