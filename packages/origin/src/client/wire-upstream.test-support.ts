// An upstream for tests that does to its sockets whatever a test wants, and calls to it.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type {
  AnswerSink,
  Transport,
  TransportFailure,
  TransportOptions,
  WireAnswer,
  WireRequest,
} from './transport.ts';
import { WireTransport } from './wire-transport.ts';

/** One connection as the upstream sees it. */
export interface Accepted {
  readonly socket: Socket;
  /** How many were accepted before it. */
  readonly index: number;
  /** Everything received on it, one character for each byte. */
  readonly received: string;
  /** Requests without body received on it: heads that have ended. */
  readonly requestCount: number;
}

/** An upstream that is listening. */
export interface Upstream {
  readonly server: Server;
  readonly port: number;
  /** In the order they were accepted, closed ones too. */
  readonly accepted: readonly Accepted[];
  /** Connections that are open now. */
  readonly openCount: number;
}

/** Starts an upstream; `onData` is called after each read, when `accepted` is up to date. */
export async function startUpstream(
  t: TestContext,
  onData: (connection: Accepted) => void,
  options: { readonly host?: string; onAccept?(connection: Accepted): void } = {},
): Promise<Upstream> {
  const accepted: { socket: Socket; index: number; received: string; requestCount: number }[] = [];
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const connection = { socket, index: accepted.length, received: '', requestCount: 0 };
    accepted.push(connection);
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => open.delete(socket));
    socket.on('data', (bytes) => {
      connection.received += bytes.toString('latin1');
      connection.requestCount = connection.received.split('\r\n\r\n').length - 1;
      onData(connection);
    });
    options.onAccept?.(connection);
  });
  server.listen(0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    accepted,
    get openCount() {
      return open.size;
    },
  };
}

/** What tests do not care about. */
export const transportDefaults = {
  maxConnections: 16,
  maxResponseBytes: 100_000,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
};

/** A transport to `upstream` that is closed when the test is over. */
export function connectTo(
  t: TestContext,
  { port }: Pick<Upstream, 'port'>,
  options: Partial<TransportOptions> = {},
): WireTransport {
  const url = new URL(`http://127.0.0.1:${port}`);
  const transport = new WireTransport({ url, ...transportDefaults, ...options });
  t.after(() => transport.close());
  return transport;
}

/** A request of which a test says only what matters to it. */
export function requestOf(request: Partial<WireRequest> = {}): WireRequest {
  const { method = 'GET' } = request;
  const isIdempotent = method !== 'POST';
  return { method, path: '/', fields: '', body: undefined, isIdempotent, ...request };
}

/** What came of a call. */
export type Outcome =
  | { readonly answer: WireAnswer; readonly failure?: never }
  | { readonly failure: TransportFailure; readonly answer?: never };

/** Sends `request`; resolves with what comes of it. */
export function call(
  transport: Transport,
  request: Partial<WireRequest> = {},
  onHead: AnswerSink['onHead'] = () => {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    transport.send(requestOf(request), {
      onHead,
      onAnswer: (answer) => resolve({ answer }),
      onFailure: (failure) => resolve({ failure }),
    });
  });
}

/** An answer with this body. */
export function answerOf(body: string, status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Lets everything that is ready happen: two whole turns of the event loop. */
export async function turns(count = 2): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until `condition` holds; the test's own time limit is the only other end. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
