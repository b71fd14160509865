/**
 * Requests at a planned rate, each accounted for: kept connections and new ones side by side, and
 * nothing is sent twice. A client here forgives nothing: a connection that closes under a request,
 * or is refused, is a failed request.
 */
import { connect, type Socket } from 'node:net';

export interface ExactLoadOptions {
  readonly port: number;
  readonly perSecond: number;
  /** Share of requests that open a connection of their own, with `Connection: close`; default 0.1. */
  readonly freshShare?: number;
  readonly path?: string;
}

export interface ExactLoad {
  readonly sent: number;
  readonly answered: number;
  /** What went wrong, one line for each request. */
  readonly failures: readonly string[];
  /** Connections of kept clients that the edge has closed while nothing was asked on them. */
  readonly closedAtRest: number;
  /** Sends nothing more and waits for what is under way. */
  stop(): Promise<void>;
}

const TICK_MS = 5;
/** More than this without an answer is a failure of its own. */
const PATIENCE_MS = 15_000;

/** Starts at once. */
export function startExactLoad(options: ExactLoadOptions): ExactLoad {
  return new RunningLoad(options);
}

class RunningLoad implements ExactLoad {
  sent = 0;
  answered = 0;
  closedAtRest = 0;
  readonly failures: string[] = [];
  readonly #options: Required<ExactLoadOptions>;
  readonly #idle: KeptClient[] = [];
  readonly #open = new Set<KeptClient>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  #onDone: (() => void) | undefined;

  constructor(options: ExactLoadOptions) {
    this.#options = { freshShare: 0.1, path: '/', ...options };
    this.#timer = setInterval(() => this.#sendDue(), TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.answered + this.failures.length < this.sent) {
      await new Promise<void>((resolve) => {
        this.#onDone = resolve;
      });
    }
    for (const client of this.#open) client.close();
  }

  #sendDue(): void {
    const elapsedMs = performance.now() - this.#startedMs;
    const due = Math.floor((elapsedMs / 1_000) * this.#options.perSecond);
    for (; this.sent < due; this.sent++) this.#sendOne(this.sent);
  }

  #sendOne(index: number): void {
    const { port, path, freshShare } = this.#options;
    const isFresh = Math.floor((index + 1) * freshShare) > Math.floor(index * freshShare);
    let client = isFresh ? undefined : this.#idle.pop();
    if (!client) {
      client = new KeptClient(port, this);
      this.#open.add(client);
    }
    client.ask(`${path}?n=${index}`, isFresh);
  }

  done(client: KeptClient, status: number, body: string, isOver: boolean): void {
    if (status === 200) this.answered++;
    else this.failures.push(`status ${status}: ${body}`);
    if (!isOver) this.#idle.push(client);
    this.#checkDone();
  }

  failed(why: string): void {
    this.failures.push(`after ${Math.round(performance.now() - this.#startedMs)} ms: ${why}`);
    this.#checkDone();
  }

  gone(client: KeptClient, wasAtRest: boolean): void {
    this.#open.delete(client);
    const at = this.#idle.indexOf(client);
    if (at >= 0) this.#idle.splice(at, 1);
    if (wasAtRest) this.closedAtRest++;
  }

  #checkDone(): void {
    if (this.answered + this.failures.length >= this.sent) this.#onDone?.();
  }
}

/** One connection; asks one thing at a time. */
class KeptClient {
  readonly #socket: Socket;
  readonly #load: RunningLoad;
  #text = '';
  #asked: { readonly path: string; readonly timer: NodeJS.Timeout } | undefined;
  #isClosing = false;
  #hasServed = false;
  #localPort: number | undefined;

  constructor(port: number, load: RunningLoad) {
    this.#load = load;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.once('connect', () => {
      this.#localPort = this.#socket.localPort;
    });
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? 'error'));
    this.#socket.on('close', () => {
      this.#fail('the connection was closed without an answer');
      load.gone(this, this.#hasServed && !this.#isClosing);
    });
  }

  ask(path: string, isLast: boolean): void {
    this.#isClosing = isLast;
    const timer = setTimeout(() => {
      this.#fail(`no answer in ${PATIENCE_MS} ms`);
      this.#socket.destroy();
    }, PATIENCE_MS);
    this.#asked = { path, timer };
    const close = isLast ? 'Connection: close\r\n' : '';
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: edge.test\r\n${close}\r\n`);
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) {
      this.#fail(`an answer without a length: ${head}`);
      this.#socket.destroy();
      return;
    }
    if (this.#text.length < end + 4 + length) return;
    const body = this.#text.slice(end + 4, end + 4 + length);
    this.#text = this.#text.slice(end + 4 + length);
    const asked = this.#asked;
    if (!asked) {
      this.#load.failed('an answer that nobody asked for');
      return;
    }
    clearTimeout(asked.timer);
    this.#asked = undefined;
    this.#hasServed = true;
    const isOver = /\r\nconnection: close/i.test(head);
    if (isOver) this.#isClosing = true;
    this.#load.done(this, Number(head.slice(9, 12)), body, isOver);
  }

  #fail(why: string): void {
    if (!this.#asked) return;
    const { path, timer } = this.#asked;
    clearTimeout(timer);
    this.#asked = undefined;
    this.#load.failed(`${path} from port ${this.#localPort}: ${why}`);
  }
}
