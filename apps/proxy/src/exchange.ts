/**
 * One attempt with one upstream: sends the prepared request, streams the answer back with
 * backpressure both ways, and says how it ended. It decides nothing about retries.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Dispatcher, errors } from 'undici';
import type { Connections } from './connections.ts';
import { type FailureKind, failure, type Outcome } from './errors.ts';
import { endToEndResponseHeaders } from './headers.ts';

/** A request as every attempt sends it; made once, never changed. */
export interface PreparedRequest {
  readonly id: string;
  readonly method: string;
  /** Normalised path with query. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: RequestBody | undefined;
}

export interface ExchangeTimeouts {
  readonly firstByteMs: number;
  readonly idleMs: number;
  /** How long a client may take nothing of its answer. */
  readonly clientStallMs: number;
}

/** The client's body, readable once. */
export interface RequestBody {
  readonly message: IncomingMessage;
  /** How long the client may be silent while its next bytes are waited for. */
  readonly idleMs: number;
  /** True once a byte has been taken from it: from then on the request cannot be sent again. */
  isStarted: boolean;
}

/**
 * Runs one attempt. Resolves, never rejects, when the last byte of the answer was passed on or
 * the attempt failed. A failure before the response head leaves `response` untouched; one after
 * it has already broken the client's framing visibly.
 */
export function exchange(
  request: PreparedRequest,
  connections: Connections,
  timeouts: ExchangeTimeouts,
  response: ServerResponse,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const attempt = new Attempt(request, timeouts, response, resolve);
    response.once('close', attempt.onClientClose);
    // One name for all, or undici opens a connection anew for every Host it sees.
    const options: Dispatcher.DispatchOptions & { servername: string } = {
      method: request.method,
      path: request.target,
      headers: request.headers as string[],
      servername: connections.settings.origin,
      body: request.body ? (bodyReader(request.body) as unknown as null) : null,
      headersTimeout: timeouts.firstByteMs,
      bodyTimeout: timeouts.idleMs,
    };
    connections.dispatcher.dispatch(options, attempt);
  });
}

/**
 * Reads the client's body without owning it: when an attempt fails, the client's connection must
 * survive to carry the error page. undici takes any async iterable; its types name fewer.
 */
function bodyReader(body: RequestBody): AsyncIterable<Buffer> {
  return {
    async *[Symbol.asyncIterator]() {
      body.isStarted = true;
      const chunks = body.message.iterator({ destroyOnReturn: false });
      for (;;) {
        // Timed only here, where the edge waits for the client: an upstream that takes its time
        // with what it has got is no silence of the client's.
        const silence = setTimeout(() => body.message.destroy(), body.idleMs);
        const next = await chunks.next().finally(() => clearTimeout(silence));
        if (next.done) return;
        yield next.value as Buffer;
      }
    },
  };
}

class Attempt implements Dispatcher.DispatchHandler {
  private readonly request: PreparedRequest;
  private readonly timeouts: ExchangeTimeouts;
  private readonly response: ServerResponse;
  private readonly resolve: (outcome: Outcome) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private stallTimer: NodeJS.Timeout | undefined;
  private status = 0;
  private isSettled = false;

  constructor(
    request: PreparedRequest,
    timeouts: ExchangeTimeouts,
    response: ServerResponse,
    resolve: (outcome: Outcome) => void,
  ) {
    this.request = request;
    this.timeouts = timeouts;
    this.response = response;
    this.resolve = resolve;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.response.destroyed) controller.abort(new Error('the client left'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    this.status = status;
    const headers = endToEndResponseHeaders(latin1Headers(controller.rawHeaders));
    headers.push('x-request-id', this.request.id);
    try {
      // The reason phrase stays behind: it means nothing (RFC 9112 §4) and may hold anything.
      this.response.writeHead(status, headers);
    } catch (error) {
      controller.abort(new InvalidAnswer(error instanceof Error ? error.message : String(error)));
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.response.write(chunk)) return;
    controller.pause();
    // A client that takes nothing at all must not hold its upstream for ever.
    this.stallTimer = setTimeout(() => this.response.destroy(), this.timeouts.clientStallMs);
    this.response.once('drain', () => {
      clearTimeout(this.stallTimer);
      controller.resume();
    });
  }

  onResponseEnd(): void {
    this.response.end();
    this.settle({ kind: 'answered', status: this.status });
    if (this.response.writableLength > 0) this.superviseLastBytes();
  }

  onResponseError(_controller: unknown, error: Error): void {
    const hasResponseStarted = this.response.headersSent;
    const kind =
      this.response.destroyed || this.isClientBodyBroken()
        ? 'client-gone'
        : this.controller === undefined
          ? connectFailureKind(error)
          : failureKind(error, hasResponseStarted);
    if (hasResponseStarted) this.response.destroy();
    this.fail(kind, describe(kind, error));
  }

  /** Bound once: also the listener that `settle` takes off again. */
  readonly onClientClose = (): void => {
    if (this.isSettled) return;
    this.controller?.abort(new Error('the client left'));
    this.fail('client-gone', 'the client closed the connection');
  };

  /** The upstream is done, the client is not: it may not sit on the rest for ever either. */
  private superviseLastBytes(): void {
    const timer = setTimeout(() => this.response.destroy(), this.timeouts.clientStallMs);
    this.response.once('close', () => clearTimeout(timer));
  }

  private isClientBodyBroken(): boolean {
    const message = this.request.body?.message;
    return message?.destroyed === true && !message.complete;
  }

  private fail(kind: FailureKind, detail: string): void {
    const wasAnythingSent = this.controller !== undefined;
    this.settle({
      ...failure(kind, detail),
      hasResponseStarted: this.response.headersSent,
      wasAnythingSent,
    });
  }

  private settle(outcome: Outcome): void {
    if (this.isSettled) return;
    this.isSettled = true;
    clearTimeout(this.stallTimer);
    this.response.removeListener('close', this.onClientClose);
    this.resolve(outcome);
  }
}

class InvalidAnswer extends Error {}

function latin1Headers(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const headers: string[] = [];
  if (!Array.isArray(raw)) return headers;
  for (const part of raw) headers.push(typeof part === 'string' ? part : part.toString('latin1'));
  return headers;
}

/** Nothing was sent yet: refused, unknown, unreachable, or not the one its certificate names. */
function connectFailureKind(error: Error & { code?: string }): FailureKind {
  return error.code === 'UND_ERR_CONNECT_TIMEOUT' ? 'connect-timeout' : 'connect-failed';
}

function failureKind(error: Error & { code?: string }, hasResponseStarted: boolean): FailureKind {
  const code = error.code ?? '';
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'idle-timeout';
  if (hasResponseStarted) return 'truncated';
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'first-byte-timeout';
  if (error instanceof errors.HTTPParserError || error instanceof InvalidAnswer) {
    return 'upstream-invalid';
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_INVALID_ARG') {
    return 'upstream-invalid';
  }
  return 'upstream-reset';
}

function describe(kind: FailureKind, error: Error): string {
  switch (kind) {
    case 'client-gone':
      return 'the client closed the connection';
    case 'connect-failed':
      return `no upstream of this service could be connected to (${(error as { code?: string }).code ?? error.message})`;
    case 'connect-timeout':
      return 'no upstream of this service accepted a connection in time';
    case 'first-byte-timeout':
      return 'the upstream did not begin to answer in time';
    case 'idle-timeout':
      return 'the upstream stopped sending in the middle of its answer';
    case 'truncated':
      return 'the upstream closed the connection in the middle of its answer';
    case 'upstream-invalid':
      return `the upstream sent an answer that is not valid HTTP: ${error.message}`;
    default:
      return 'the upstream closed the connection without an answer';
  }
}
