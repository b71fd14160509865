/**
 * An origin for hostile traffic: answers each whole request with its target, and accounts for
 * every byte of every connection.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { takeChunked } from './chunked-body.ts';
import { declaredFraming, type Head, parseHead, takeBody } from './http-message.ts';

/** A request whose last byte has arrived. */
export interface TakenRequest {
  readonly method: string;
  readonly target: string;
  readonly head: Head;
  readonly body: Buffer;
}

export interface OriginConnection {
  /** What has arrived and is no whole request, as latin1. */
  readonly unfinished: string;
  /** Why these bytes can be no request. */
  readonly defect: string | undefined;
  readonly isOpen: boolean;
}

/** Starts an origin; disposing of it cuts every connection. */
export async function startStrictOrigin(): Promise<StrictOrigin> {
  const server = createServer({ noDelay: true });
  const origin = new StrictOrigin(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return origin;
}

export class StrictOrigin implements AsyncDisposable {
  /** Requests that have arrived whole, in the order of their last bytes. */
  readonly taken: TakenRequest[] = [];
  /** All there ever were, closed ones included. */
  readonly connections: OriginConnection[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket: Socket) => this.accept(socket));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private accept(socket: Socket): void {
    const connection = {
      unfinished: '',
      defect: undefined as string | undefined,
      isOpen: true,
    };
    let unread: Buffer = Buffer.alloc(0);
    this.connections.push(connection);
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      connection.isOpen = false;
      this.sockets.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      try {
        for (let next = takeRequest(unread); next; next = takeRequest(unread)) {
          this.taken.push(next.request);
          unread = unread.subarray(next.sizeBytes);
          socket.write(answerTo(next.request));
        }
      } catch (error) {
        connection.defect = (error as Error).message;
        socket.destroy();
      }
      connection.unfinished = unread.toString('latin1');
    });
  }
}

function takeRequest(bytes: Buffer): { request: TakenRequest; sizeBytes: number } | undefined {
  const head = parseHead(bytes);
  if (!head) return undefined;
  const line = /^(\S+) (\S+) HTTP\/1\.1$/.exec(head.startLine);
  if (!line) throw new Error(`not a request line: ${JSON.stringify(head.startLine)}`);
  const framing = declaredFraming(head) ?? { kind: 'none' };
  const rest = bytes.subarray(head.sizeBytes);
  const body = framing.kind === 'chunked' ? takeChunked(rest) : takeBody(rest, framing, false);
  if (!body) return undefined;
  const [, method = '', target = ''] = line;
  const request = { method, target, head, body: Buffer.from(body.body) };
  return { request, sizeBytes: head.sizeBytes + body.sizeBytes };
}

function answerTo({ method, target }: TakenRequest): string {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n`;
  return method === 'HEAD' ? head : head + target;
}
