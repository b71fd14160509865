// Owns the connections to one upstream that is spoken to over TLS, in HTTP/2 where it can: undici
// carries them, and is made to say the same of them as plain sockets do.
import { type Dispatcher, errors, Pool } from 'undici';
import type {
  AnswerSink,
  Transport,
  TransportFailure,
  TransportOptions,
  WireAttempt,
  WireRequest,
} from './transport.ts';
import { WireBody } from './wire-body.ts';
import { whyUnsendable } from './wire-request.ts';

type Controller = Dispatcher.DispatchController;
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** What undici's pools are made with beyond our options, such as authorities to trust. */
export type UndiciOptions = Pick<Pool.Options, 'connect'>;

/** HTTP over TLS through undici. */
export class UndiciTransport implements Transport {
  readonly #pool: Pool;
  readonly #maxBodyBytes: number;
  #closing: Promise<void> | undefined;

  /** Opens no connection yet. */
  constructor(options: TransportOptions, undici: UndiciOptions = {}) {
    this.#maxBodyBytes = options.maxResponseBytes;
    this.#pool = new Pool(options.url.origin, {
      ...undici,
      connections: options.maxConnections,
      allowH2: true,
      connectTimeout: options.connectTimeoutMs,
      keepAliveTimeout: options.idleTimeoutMs,
      keepAliveMaxTimeout: options.idleTimeoutMs,
      // The caller has a deadline of its own; undici's timers above 1 s are coarse.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  send(request: WireRequest, sink: AnswerSink): WireAttempt {
    const attempt = new Attempt(this.#pool, request, sink, this.#maxBodyBytes);
    const unsendable = whyUnsendable(request);
    if (unsendable !== undefined) attempt.failLater('protocol', unsendable);
    else if (this.#closing) attempt.failLater('connect', 'the connections were closed');
    else attempt.start();
    return attempt;
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.destroy();
    return this.#closing;
  }
}

/** One request, and the whole of its answer. */
class Attempt implements WireAttempt, Dispatcher.DispatchHandler {
  readonly #pool: Pool;
  readonly #request: WireRequest;
  readonly #sink: AnswerSink;
  readonly #maxBodyBytes: number;
  readonly #body = new WireBody();
  #controller: Controller | undefined;
  #status = 0;
  #header!: (name: string) => string | undefined;
  #isStarting = false;
  #isRepeated = false;
  #wasAnythingSent = false;
  #isOver = false;

  constructor(pool: Pool, request: WireRequest, sink: AnswerSink, maxBodyBytes: number) {
    this.#pool = pool;
    this.#request = request;
    this.#sink = sink;
    this.#maxBodyBytes = maxBodyBytes;
  }

  start(): void {
    const { method, path, fields, body = null } = this.#request;
    this.#isStarting = true;
    this.#pool.dispatch({ method, path, headers: flatFields(fields), body }, this);
    this.#isStarting = false;
  }

  failLater(kind: TransportFailure['kind'], message: string): void {
    process.nextTick(() => this.#fail(kind, message));
  }

  abort(): void {
    this.#isOver = true;
    this.#controller?.abort(new errors.RequestAbortedError());
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new errors.RequestAbortedError());
    else this.#wasAnythingSent = true;
  }

  onResponseStart(_controller: Controller, status: number, headers: Headers): void {
    // Others are informational: the answer comes after them (RFC 9110 §15.2).
    if (status < 200 || this.#isOver) return;
    this.#status = status;
    this.#header = (name) => joined(headers[name]);
    this.#sink.onHead(status, this.#header);
    const sizeBytes = this.#request.method === 'HEAD' ? 0 : Number(this.#header('content-length'));
    if (sizeBytes > this.#maxBodyBytes) this.#failTooLarge();
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#body.sizeBytes + chunk.length > this.#maxBodyBytes) this.#failTooLarge();
    else this.#body.add(chunk, 0, chunk.length);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink.onAnswer({ status: this.#status, header: this.#header, body: this.#body.take() });
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#isOver) return;
    if (this.#isStarting) {
      process.nextTick(() => this.#failed(error));
      return;
    }
    this.#failed(error);
  }

  #failed(error: Error): void {
    const { isIdempotent } = this.#request;
    if (isIdempotent && this.#status === 0 && !this.#isRepeated && isDeadOnReuse(error)) {
      this.#isRepeated = true;
      this.start();
      return;
    }
    this.#fail(kindOf(error, this.#wasAnythingSent), reasonOf(error));
  }

  #failTooLarge(): void {
    this.#fail('too-large', `the body is larger than ${this.#maxBodyBytes} bytes`);
  }

  #fail(kind: TransportFailure['kind'], message: string): void {
    if (this.#isOver) return;
    this.abort();
    this.#sink.onFailure({ kind, wasAnythingSent: this.#wasAnythingSent, message });
  }
}

/** Field lines as undici takes them: name, value, name, value. */
function flatFields(lines: string): string[] {
  const flat: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const colon = lines.indexOf(':', at);
    const lineEnd = lines.indexOf('\r\n', colon);
    flat.push(lines.slice(at, colon), lines.slice(colon + 1, lineEnd).trim());
    at = lineEnd + 2;
  }
  return flat;
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function kindOf(error: Error, wasAnythingSent: boolean): TransportFailure['kind'] {
  if (
    error instanceof errors.HTTPParserError ||
    error instanceof errors.HeadersOverflowError ||
    error instanceof errors.InvalidArgumentError
  ) {
    return 'protocol';
  }
  return wasAnythingSent ? 'broken' : 'connect';
}

function reasonOf(error: Error): string {
  if (error instanceof errors.ConnectTimeoutError) return 'no connection in time';
  if (error instanceof errors.HTTPParserError) return error.message;
  if (error instanceof errors.InvalidArgumentError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  return `the connection failed (${code ?? error.message})`;
}

/** The upstream closed a kept connection just as it was used again; nothing was answered. */
function isDeadOnReuse(error: Error): boolean {
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
}
