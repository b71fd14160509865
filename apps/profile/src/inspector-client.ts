/** One connection to the inspector of a process: the Chrome DevTools Protocol over a WebSocket. */
import { WebSocket } from 'ws';
import { PROFILER_URL } from './cpu-profile.ts';

/** A profile comes in pieces that are far smaller. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: {
    readonly text: string;
    readonly exception?: { readonly description?: string };
  };
}

export class InspectorClient {
  /** Resolves when the connection is over, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  /** Rejects when nothing answers at `url` within `timeoutMs`. */
  static connect(url: string, timeoutMs: number): Promise<InspectorClient> {
    const { promise, resolve, reject } = Promise.withResolvers<InspectorClient>();
    const socket = new WebSocket(url, {
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    const client = new InspectorClient(socket);
    socket.once('open', () => resolve(client));
    socket.once('error', reject);
    return promise;
  }

  constructor(socket: WebSocket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on('message', (data) => this.#settle(JSON.parse(String(data)) as Answer));
    // An error is followed by a close.
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#pending.values()) {
        reject(new Error('the process has ended, or its inspector was closed'));
      }
      this.#pending.clear();
      resolve();
    });
  }

  /** Calls a method of the protocol; rejects with what it complains about, or after `timeoutMs`. */
  async call<Result>(method: string, params: object, timeoutMs: number): Promise<Result> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    const timer = setTimeout(() => {
      answer.reject(new Error(`no answer within ${timeoutMs} ms; is it paused in a debugger?`));
    }, timeoutMs);
    try {
      this.#socket.send(JSON.stringify({ id, method, params }), (error) => {
        if (error) answer.reject(error);
      });
      return (await answer.promise) as Result;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  /**
   * Runs a function over there, by its source: it may use nothing but its arguments and globals.
   * Arguments and result travel as JSON.
   */
  async run<Args extends readonly unknown[], Result>(
    program: (...args: Args) => Result,
    args: Args,
    timeoutMs: number,
  ): Promise<Result> {
    const list = args.map((argument) => JSON.stringify(argument)).join(', ');
    const expression = `(${program})(${list})\n//# sourceURL=${PROFILER_URL}`;
    const params = { expression, returnByValue: true };
    const answer = await this.call<Evaluated>('Runtime.evaluate', params, timeoutMs);
    const { exceptionDetails: thrown } = answer;
    // The first line of a description says it; the others are a stack over there.
    const [problem = thrown?.text] = thrown?.exception?.description?.split('\n') ?? [];
    if (thrown) throw new Error(problem?.replace(/^Error: /, ''));
    return answer.result.value as Result;
  }

  close(): void {
    this.#socket.terminate();
  }

  #settle({ id, result, error }: Answer): void {
    const answer = id === undefined ? undefined : this.#pending.get(id);
    if (error) answer?.reject(new Error(error.message));
    else answer?.resolve(result);
  }
}
