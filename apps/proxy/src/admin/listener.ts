/**
 * The admin listener: metrics, health, readiness, the status page and the API by which operators
 * look at an edge and change it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Endpoint, formatEndpoint } from '../address.ts';
import { removeStaleSocket } from '../listen.ts';
import { type Answer, problem } from './answer.ts';
import { type AdminDeps, reply } from './reply.ts';

export type { AdminDeps } from './reply.ts';

export interface AdminListener {
  /** Where it accepts; with the port it got when port 0 was asked for. */
  readonly endpoint: Endpoint;
  /**
   * Accepts no more and cuts every connection, except those by which a change was asked for: a
   * change may be what closes this listener, and is answered still.
   */
  close(): Promise<void>;
}

/** Only the user the edge runs as may connect to its socket file. */
const OTHERS_BITS = 0o177;

/** Binds the admin listener; rejects with a readable message when the address cannot be had. */
export async function startAdmin(endpoint: Endpoint, deps: AdminDeps): Promise<AdminListener> {
  const sockets = new Set<Socket>();
  const changing = new Set<Socket>();
  const server = createServer(async (message, response) => {
    const { socket } = message;
    if (message.method === 'POST') changing.add(socket);
    const answer = await answerTo(message, endpoint, deps);
    changing.delete(socket);
    send(answer, message, response, { isLast: !server.listening });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      changing.delete(socket);
    });
  });
  if (endpoint.kind === 'unix') await removeStaleSocket(endpoint.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = formatEndpoint(endpoint);
      reject(new Error(`${where} (admin.address) ${whyRefused(endpoint, error)}`));
    });
    if (endpoint.kind === 'unix') listenInPrivate(server, endpoint.path, resolve);
    else server.listen(endpoint.port, endpoint.host, resolve);
  });
  return {
    endpoint: boundEndpoint(endpoint, server),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) if (!changing.has(socket)) socket.destroy();
        if (changing.size > 0) closed();
      }),
  };
}

/** The file is made within the call, so it has its permissions before anybody can connect. */
function listenInPrivate(server: Server, path: string, onListening: () => void): void {
  const before = process.umask(OTHERS_BITS);
  try {
    server.listen(path, onListening);
  } finally {
    process.umask(before);
  }
}

function whyRefused(endpoint: Endpoint, error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') {
    return 'is in use by another process; stop it or change the address';
  }
  if (error.code === 'EACCES' && endpoint.kind === 'unix') {
    return 'cannot be made; its folder must exist and be writable';
  }
  return `cannot be had: ${error.message}; change the address`;
}

function boundEndpoint(asked: Endpoint, server: Server): Endpoint {
  if (asked.kind === 'unix') return asked;
  return { ...asked, port: (server.address() as AddressInfo).port };
}

async function answerTo(
  message: IncomingMessage,
  endpoint: Endpoint,
  deps: AdminDeps,
): Promise<Answer> {
  try {
    return await reply(message, endpoint, deps);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return problem({ status: 500, title: 'Failed inside the edge', detail });
  }
}

function send(
  { status, type, headers, body }: Answer,
  message: IncomingMessage,
  response: ServerResponse,
  { isLast }: { readonly isLast: boolean },
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What is left of a body that nobody wants is not worth waiting for.
    ...(isLast || !message.complete ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(body);
}
