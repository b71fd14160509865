/** Listeners: the sockets clients connect to, protocol limits, and how they drain. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ErrorPage, errorPage, failure } from './errors.ts';

export interface ListenerSettings {
  readonly host: string;
  readonly port: number;
  readonly headSizeBytes: number;
  /** Time a client has for a whole request head, from its first byte or the connection's. */
  readonly headTimeoutMs: number;
  /** How long an idle connection is kept for its next request. */
  readonly keepAliveMs: number;
}

export interface ListenerHandlers {
  request(message: IncomingMessage, response: ServerResponse): void;
  upgrade(message: IncomingMessage, socket: Socket, head: Buffer): void;
  nextRequestId(): string;
  connectionOpened(): void;
  connectionClosed(): void;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /**
   * Takes no new connections, answers what is under way, tells clients to close, and resolves
   * when the last connection has gone. Cuts what is left when `deadline` aborts.
   */
  drain(deadline: AbortSignal): Promise<void>;
}

/** Idle connections stay open this long in a drain: a request may already be on its way. */
const DRAIN_LINGER_MS = 1_000;

/** What a refused client still sends is read and thrown away this long. */
const PAGE_LINGER_MS = 1_000;

/** Deep enough for a burst of reconnecting clients; the kernel caps it at somaxconn. */
const BACKLOG = 4_096;

/** Binds and accepts; rejects with a readable message when the address cannot be had. */
export function listen(settings: ListenerSettings, handlers: ListenerHandlers): Promise<Listener> {
  const responses = new Set<ServerResponse>();
  const tunnels = new Set<Duplex>();
  let isDraining = false;

  const server = createServer({
    maxHeaderSize: settings.headSizeBytes,
    headersTimeout: settings.headTimeoutMs,
    // Bodies are timed by progress, not in total: see superviseUpload.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1_000, settings.headTimeoutMs),
    keepAliveTimeout: settings.keepAliveMs,
    noDelay: true,
    // The guard answers a missing Host with a page of our own.
    requireHostHeader: false,
    shouldUpgradeCallback: isWebSocket,
  });
  // Fields past the count must be refused by the guard, not silently dropped by the parser.
  server.maxHeadersCount = 0;

  const answering = (socket: Duplex) => [...responses].filter(({ req }) => req.socket === socket);

  server.on('request', (message, response) => {
    responses.add(response);
    response.once('close', () => responses.delete(response));
    if (isDraining) response.shouldKeepAlive = false;
    handlers.request(message, response);
  });
  server.on('checkExpectation', (message, response) => {
    const detail = `the expectation "${message.headers.expect}" cannot be met`;
    const page = errorPage(failure('expectation-failed', detail), handlers.nextRequestId());
    response.writeHead(page.status, page.headers);
    response.end(page.body);
  });
  server.on('upgrade', (message, socket, head) => {
    socket.on('error', ignore);
    if (answering(socket).length > 0) {
      // Pipelined behind a request whose answer is not out yet: it would jump the queue.
      socket.destroy();
      return;
    }
    if (!isWebSocket(message)) {
      // Only where Node does not ask shouldUpgradeCallback (before 24.9).
      const problem = failure('upgrade-refused', `"${message.headers.upgrade}" is not served here`);
      writePage(socket, errorPage(problem, handlers.nextRequestId(), ['upgrade', 'websocket']));
      return;
    }
    tunnels.add(socket);
    socket.once('close', () => tunnels.delete(socket));
    handlers.upgrade(message, socket as Socket, head);
  });
  server.on('connect', (_message, socket) => {
    socket.on('error', ignore);
    if (answering(socket).length > 0) {
      socket.destroy();
      return;
    }
    const problem = failure('method-refused', 'CONNECT is not served here');
    writePage(socket, errorPage(problem, handlers.nextRequestId()));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const open = answering(socket);
    const isGone = error.code === 'ECONNRESET' || !socket.writable;
    if (isGone || open.length === 0 || isOwnBodyBroken(open)) {
      answerBrokenRequest(error, socket, settings, handlers.nextRequestId());
    } else if (open.length > 1 && open.some(({ req }) => !req.complete)) {
      socket.destroy();
    } else {
      // Garbage behind a request: the answer that is on its way ends as it may, nothing follows.
      for (const response of open) response.shouldKeepAlive = false;
      open.at(-1)?.once('close', () => socket.destroy());
    }
  });
  server.on('connection', (socket: Socket) => {
    handlers.connectionOpened();
    socket.once('close', handlers.connectionClosed);
  });

  const drain = (deadline: AbortSignal) => {
    isDraining = true;
    for (const response of responses) {
      if (!response.headersSent) response.shouldKeepAlive = false;
    }
    return closeGently(server, tunnels, deadline);
  };

  return new Promise((resolve, reject) => {
    const { host, port } = settings;
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen({ host, port, backlog: BACKLOG }, () => {
      resolve({ host, port: (server.address() as AddressInfo).port, drain });
    });
  });
}

/** The only request under way breaks off in its own body, and nothing of its answer is out. */
function isOwnBodyBroken([first, second]: readonly ServerResponse[]): boolean {
  return !second && first?.req.complete === false && !first.headersSent;
}

/** A broken socket also closes, and that is where it is dealt with. */
function ignore(): void {}

function isWebSocket(message: IncomingMessage): boolean {
  return message.method === 'GET' && message.headers.upgrade?.toLowerCase() === 'websocket';
}

function closeGently(
  server: Server,
  tunnels: ReadonlySet<Duplex>,
  deadline: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    // http.Server.close would cut idle connections at once, and with them a request in transit.
    NetServer.prototype.close.call(server, () => {
      clearInterval(sweep);
      deadline.removeEventListener('abort', cut);
      resolve();
    });
    const sweep = setInterval(() => server.closeIdleConnections(), DRAIN_LINGER_MS);
    const cut = () => {
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
    };
    if (deadline.aborted) cut();
    else deadline.addEventListener('abort', cut, { once: true });
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const address = `${host}:${port}`;
  if (error.code === 'EADDRINUSE') {
    return new Error(`${address} is in use by another process; stop it or change the address`);
  }
  if (error.code === 'EACCES') {
    return new Error(`${address} may not be bound by this user; use a port from 1024 up`);
  }
  return new Error(`cannot listen on ${address}: ${error.message}`);
}

/** Requests the parser gave up on never become a request: the page goes straight on the socket. */
function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  settings: ListenerSettings,
  requestId: string,
): void {
  // The parser complains again about everything that follows; the page is on its way already.
  if (socket.writableEnded) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? failure('head-too-large', `the request head exceeds ${settings.headSizeBytes} bytes`)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? failure('slow-request', `no complete request head in ${settings.headTimeoutMs} ms`)
        : failure('bad-request', `the request is not valid HTTP/1.1: ${error.message}`);
  writePage(socket, errorPage(problem, requestId));
}

/**
 * Writes an error page on a bare socket and closes it, once the client has closed its side or
 * `PAGE_LINGER_MS` have passed: closing on unread bytes resets the connection, and the page is lost.
 */
export function writePage(socket: Duplex, page: ErrorPage): void {
  const lines = [`HTTP/1.1 ${page.status} ${reasonOf(page)}`, 'connection: close'];
  for (let i = 0; i < page.headers.length; i += 2) {
    lines.push(`${page.headers[i]}: ${page.headers[i + 1]}`);
  }
  socket.end(`${lines.join('\r\n')}\r\n\r\n${page.body}`);
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), PAGE_LINGER_MS);
  socket.once('close', () => clearTimeout(linger));
}

function reasonOf(page: ErrorPage): string {
  return (JSON.parse(page.body) as { title: string }).title;
}
