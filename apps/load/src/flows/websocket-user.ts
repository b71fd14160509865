/** A WebSocket of a scripted flow, on ws. */
import { WebSocket } from 'ws';
import { RequestFailure } from '../failure.ts';
import type { StreamOptions, WebSocketUser } from '../scenario.ts';
import { openConnection } from './connections.ts';
import { failureOf } from './failure-of.ts';
import { cutFailure, type Due, type FlowScope, takeIntended, withoutQuery } from './flow-scope.ts';
import { MessageQueue, type Releasable } from './message-queue.ts';
import { Step, type StepOptions } from './step.ts';

type Message = string | Buffer;

/** The largest message that is taken. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** How long the other side may take to answer a close before the connection is cut. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Opens a WebSocket; the handshake is measured as a step. Rejects with a `RequestFailure`, or with
 * an Error for a handshake that cannot be sent.
 */
export async function openWebSocket(
  scope: FlowScope,
  due: Due,
  path: string,
  options: StreamOptions = {},
): Promise<Releasable<WebSocketUser>> {
  const what = `GET ${withoutQuery(path)}`;
  if (scope.isCut) return scope.refuse(what);
  const to = scope.resolve(path);
  const timeoutMs = scope.timeoutOf(options.timeout);
  const url = to.origin.replace('http', 'ws') + to.path;
  const socket = openSocket(scope, url, scope.headersWith(options.headers), () => handshake.sent());
  const series = scope.step(options.name ?? what);
  const intendedMs = takeIntended(due, performance.now());
  const handshake = new Handshake({ scope, series, what, intendedMs, timeoutMs }, socket);
  const user = new SocketUser(scope, socket, what, timeoutMs);
  await handshake.result;
  return user;
}

function openSocket(
  scope: FlowScope,
  url: string,
  headers: Readonly<Record<string, string>>,
  sent: () => void,
): WebSocket {
  const isSecure = url.startsWith('wss:');
  const options = {
    headers,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
    createConnection: ({ host = '', port }: { host?: string; port?: string | number }) =>
      openConnection(scope, { host, port: Number(port), isSecure }, sent),
  };
  // The types of ws lack closeTimeout, and want of createConnection all that net.connect takes.
  return new WebSocket(url, options as object);
}

class Handshake extends Step<void> {
  readonly #socket: WebSocket;

  constructor(options: StepOptions, socket: WebSocket) {
    super(options);
    this.#socket = socket;
    socket.on('upgrade', () => {
      this.firstByteMs = performance.now();
    });
    socket.on('open', () => {
      if (!this.isSettled) this.succeed(101, undefined);
    });
    socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      this.firstByteMs = performance.now();
      if (!this.isSettled) this.failByStatus(statusCode, '101');
      socket.terminate();
    });
    socket.on('error', (error) => {
      if (!this.isSettled) this.fail(failureOf(error, options.what));
    });
  }

  sent(): void {
    this.sentMs = performance.now();
  }

  protected override isConnecting(): boolean {
    return true;
  }

  protected override abandon(): void {
    this.#socket.terminate();
  }
}

class SocketUser implements Releasable<WebSocketUser> {
  readonly #scope: FlowScope;
  readonly #socket: WebSocket;
  readonly #what: string;
  readonly #timeoutMs: number;
  readonly #queue = new MessageQueue<Message>();

  constructor(scope: FlowScope, socket: WebSocket, what: string, timeoutMs: number) {
    this.#scope = scope;
    this.#socket = socket;
    this.#what = what;
    this.#timeoutMs = timeoutMs;
    scope.underWay.add(this);
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#arrived(data, isBinary));
    socket.on('error', (error) => this.#queue.fail(failureOf(error, what)));
    socket.on('close', (code: number, reason: Buffer) => {
      scope.underWay.delete(this);
      const why = reason.length > 0 ? `${code} (${reason.toString()})` : `${code}`;
      this.#queue.fail(
        new RequestFailure('reset', `${what} was closed by the other side with ${why}`),
      );
    });
  }

  send(message: Message): void {
    const { end } = this.#queue;
    if (end !== undefined) throw end;
    this.#socket.send(message);
  }

  receive(options: { readonly timeout?: string } = {}): Promise<Message> {
    return this.#queue.next({
      what: `a message of ${this.#what}`,
      timeoutMs: this.#timeoutOf(options.timeout),
    });
  }

  roundTrip(
    message: Message,
    options: Parameters<WebSocketUser['roundTrip']>[1] = {},
  ): Promise<Message> {
    const { name = 'message', timeout, accept } = options;
    const { recorder } = this.#scope;
    const answer = this.#queue.nextArrival({
      what: `the answer to a message of ${this.#what}`,
      timeoutMs: this.#timeoutOf(timeout),
      step: { recorder, series: this.#scope.step(name), status: 'message' },
      ...(accept && { accept }),
    });
    if (this.#queue.end === undefined) this.#socket.send(message);
    return answer;
  }

  async close(): Promise<void> {
    this.#queue.fail(
      new RequestFailure('exception', `${this.#what} was closed by the flow itself`),
    );
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.close(1000);
    await closed;
  }

  release(): void {
    void this.close();
  }

  cut(): void {
    this.#queue.fail(cutFailure(this.#what));
    this.#socket.terminate();
  }

  #arrived(data: Buffer, isBinary: boolean): void {
    this.#scope.recorder.received(data.length);
    if (!this.#queue.push(isBinary ? data : data.toString(), data.length)) this.#socket.terminate();
  }

  #timeoutOf(text: string | undefined): number {
    return text === undefined ? this.#timeoutMs : this.#scope.timeoutOf(text);
  }
}
