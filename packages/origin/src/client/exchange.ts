// Owns one request to a partner and the whole of its answer, read as it comes off the wire: a
// partner's answer is small and wanted at once, so a stream would only stand in between.
import { type Dispatcher, errors } from 'undici';
import type { CallLimit } from './call-limit.ts';

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
  /** Rejects with undici's error, or with why the call is over. */
  readonly answer: Promise<Answer>;
  readonly #dispatcher: Dispatcher;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #limit: CallLimit;
  readonly #chunks: Buffer[] = [];
  #resolve!: (answer: Answer) => void;
  #reject!: (reason: unknown) => void;
  #controller: Controller | undefined;
  #status = 0;
  #isRepeated = false;

  /** Starts it; `limit` ends it, on the wire too. */
  constructor(
    dispatcher: Dispatcher,
    path: string,
    headers: Record<string, string>,
    limit: CallLimit,
  ) {
    this.#dispatcher = dispatcher;
    this.#request = { method: 'GET', path, headers };
    this.#limit = limit;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (limit.isOver) {
      this.#reject(limit.reason);
      return;
    }
    limit.onOver = this.#giveUp;
    dispatcher.dispatch(this.#request, this);
  }

  get #isGood(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#limit.isOver) controller.abort(this.#limit.reason as Error);
  }

  onResponseStart(_controller: Controller, status: number): void {
    // Others are informational: the answer comes after them (RFC 9110 §15.2).
    if (status >= 200) this.#status = status;
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#isGood) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const chunks = this.#chunks;
    const body = chunks.length > 1 ? Buffer.concat(chunks) : chunks[0];
    const text = this.#isGood ? utf8.decode(body) : undefined;
    this.#resolve({ status: this.#status, text });
  }

  onResponseError(_controller: Controller, error: Error): void {
    const hasAnswer = this.#status !== 0;
    if (this.#limit.isOver) {
      this.#reject(this.#limit.reason);
    } else if (hasAnswer && !this.#isGood) {
      // A refusal is known by its status, however its body ends.
      this.#resolve({ status: this.#status, text: undefined });
    } else if (!hasAnswer && !this.#isRepeated && isDeadOnReuse(error)) {
      // The partner closed an idle connection just as it was reused. Nothing was answered and GET
      // is idempotent (RFC 9110 §9.2.2), so one more go on another connection is safe.
      this.#isRepeated = true;
      this.#dispatcher.dispatch(this.#request, this);
    } else {
      this.#reject(error);
    }
  }

  readonly #giveUp = (reason: unknown): void => {
    this.#reject(reason);
    this.#controller?.abort(reason as Error);
  };
}

function isDeadOnReuse(error: unknown): boolean {
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
}
