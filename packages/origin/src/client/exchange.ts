// Owns one request to a partner and the whole of its answer, read as it comes off the wire: a
// partner's answer is small and wanted at once, so a stream would only stand in between.
import type { Dispatcher } from 'undici';

/** An answer that has arrived in full. */
export interface Answer {
  readonly status: number;
  /** Undefined unless the status is 2xx: what a refusal says is not read. */
  readonly text: string | undefined;
}

type Controller = Dispatcher.DispatchController;

const utf8 = new TextDecoder();

/** One `GET` through `dispatcher`, from the request to the last byte of the answer. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #answer = Promise.withResolvers<Answer>();
  readonly #chunks: Buffer[] = [];
  readonly #signal: AbortSignal;
  #controller: Controller | undefined;
  #status = 0;

  /** Starts it; `signal` ends it, on the wire too. */
  constructor(
    dispatcher: Dispatcher,
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    if (signal.aborted) {
      this.#answer.reject(signal.reason);
      return;
    }
    signal.addEventListener('abort', this.#giveUp, { once: true });
    dispatcher.dispatch({ method: 'GET', path, headers }, this);
  }

  /** Rejects with undici's error, or with the reason of the signal. */
  get answer(): Promise<Answer> {
    return this.#answer.promise;
  }

  /** The partner has begun to answer. */
  get hasAnswer(): boolean {
    return this.#status !== 0;
  }

  get #isGood(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#signal.aborted) controller.abort(this.#signal.reason);
  }

  onResponseStart(_controller: Controller, status: number): void {
    // Others are informational: the answer comes after them (RFC 9110 §15.2).
    if (status >= 200) this.#status = status;
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#isGood) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#giveUp);
    const [only, ...more] = this.#chunks;
    const body = more.length === 0 ? only : Buffer.concat(this.#chunks);
    const text = this.#isGood ? utf8.decode(body) : undefined;
    this.#answer.resolve({ status: this.#status, text });
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#signal.removeEventListener('abort', this.#giveUp);
    // A refusal is known by its status, however its body ends.
    if (this.hasAnswer && !this.#isGood && !this.#signal.aborted) {
      this.#answer.resolve({ status: this.#status, text: undefined });
    } else {
      this.#answer.reject(error);
    }
  }

  readonly #giveUp = (): void => {
    this.#answer.reject(this.#signal.reason);
    this.#controller?.abort(this.#signal.reason);
  };
}
