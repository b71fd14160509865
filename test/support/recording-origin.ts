/** An origin on bare sockets: records exactly what it received and answers as scripted. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { declaredFraming, type Head, parseHead, takeBody, valuesOf } from './http-message.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly head: Head;
  /** Resolves with the whole body; never, when the connection ends before it. */
  readonly body: Promise<Buffer>;
  /** Write the answer here, byte by byte. After an upgrade request, all further bytes are here. */
  readonly socket: Socket;
  /** Number of the connection it came on, from 0. */
  readonly connection: number;
  /** The only value of a field; undefined when it is absent, and an error when it is repeated. */
  header(name: string): string | undefined;
  /** Sends a complete answer, with its length. `fields` are whole lines. */
  answer(body?: string, ...fields: string[]): void;
}

/** Called as soon as a head is complete; the body may still be on its way. */
export type Script = (request: ReceivedRequest) => unknown;

export interface RecordingOriginOptions {
  /** What `/health` answers to probes, which are counted but not recorded. Default 200; 0: nothing. */
  readonly health?: () => number;
  /** Where to listen; any free port when absent. */
  readonly port?: number;
}

/** Answers `ok` once the body is in. */
export const answerOk: Script = async (request) => {
  await request.body;
  request.answer('ok');
};

/** Starts an origin; disposing of it cuts every connection. */
export async function startOrigin(
  script: Script = answerOk,
  options: RecordingOriginOptions = {},
): Promise<RecordingOrigin> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const origin = new RecordingOrigin(server, script, options);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return origin;
}

export class RecordingOrigin implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  /** Open connections, those of probes included. */
  readonly connections = new Set<Socket>();
  /** Connections that carried at least one request. */
  connectionCount = 0;
  probeCount = 0;
  script: Script;
  private readonly server: Server;
  private readonly options: RecordingOriginOptions;

  constructor(server: Server, script: Script, options: RecordingOriginOptions) {
    this.server = server;
    this.script = script;
    this.options = options;
    server.on('connection', (socket: Socket) => this.accept(socket));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The latest request; throws when there was none. */
  get last(): ReceivedRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error('the origin has received no request');
    return request;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    for (const socket of this.connections) socket.destroy();
    await once(this.server, 'close');
  }

  private accept(socket: Socket): void {
    this.connections.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.connections.delete(socket));
    // Half-open, so that scripts decide; but a peer that ended is answered with our end.
    socket.on('end', () => socket.end());
    let unread: Buffer = Buffer.alloc(0);
    let number: number | undefined;
    let finishBody: ((bytes: Buffer) => boolean) | undefined;
    const onData = (chunk: Buffer) => {
      unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
      while (unread.length > 0) {
        if (!finishBody) {
          const head = parseHead(unread);
          if (!head) return;
          unread = unread.subarray(head.sizeBytes);
          const isProbe = valuesOf(head, 'user-agent')[0] === 'headgate-probe';
          if (!isProbe) number ??= this.connectionCount++;
          const body = Promise.withResolvers<Buffer>();
          const request = toRequest(head, body.promise, socket, number ?? -1);
          finishBody = bodyReader(head, body.resolve, (rest) => {
            unread = rest;
          });
          if (valuesOf(head, 'upgrade').length > 0) {
            socket.off('data', onData);
            if (unread.length > 0) socket.unshift(unread);
            unread = Buffer.alloc(0);
          }
          this.dispatch(request, isProbe);
        }
        if (!finishBody(unread)) return;
        finishBody = undefined;
      }
    };
    socket.on('data', onData);
  }

  private dispatch(request: ReceivedRequest, isProbe: boolean): void {
    if (!isProbe) {
      this.requests.push(request);
      void this.script(request);
      return;
    }
    this.probeCount++;
    const status = this.options.health?.() ?? 200;
    if (status > 0) request.socket.end(`HTTP/1.1 ${status} Probed\r\ncontent-length: 0\r\n\r\n`);
  }
}

/** Returns a function that says whether the body is complete in the bytes it is given. */
function bodyReader(
  head: Head,
  resolve: (body: Buffer) => void,
  keepRest: (rest: Buffer) => void,
): (bytes: Buffer) => boolean {
  const framing = declaredFraming(head) ?? { kind: 'none' };
  return (bytes) => {
    const whole = takeBody(bytes, framing, false);
    if (!whole) return false;
    resolve(Buffer.from(whole.body));
    keepRest(Buffer.from(bytes.subarray(whole.sizeBytes)));
    return true;
  };
}

function toRequest(
  head: Head,
  body: Promise<Buffer>,
  socket: Socket,
  connection: number,
): ReceivedRequest {
  const [method = '', target = '', version = ''] = head.startLine.split(' ');
  return {
    method,
    target,
    version,
    head,
    body,
    socket,
    connection,
    header(name) {
      const values = valuesOf(head, name);
      if (values.length > 1) throw new Error(`${name} is repeated: ${values.join(' | ')}`);
      return values[0];
    },
    answer(text = '', ...fields) {
      const length = `content-length: ${Buffer.byteLength(text)}`;
      socket.write(['HTTP/1.1 200 OK', length, ...fields, '', text].join('\r\n'));
    },
  };
}
