/** One request and its answer, as undici tells of them. */
import type { Dispatcher } from 'undici';
import { RequestFailure } from '../failure.ts';
import type { HttpAnswer, StatusExpectation } from '../scenario.ts';
import { Answer } from './answer.ts';
import { describeExpectation, isExpectedStatus } from './expectation.ts';
import { failureOf } from './failure-of.ts';
import { Step, type StepOptions } from './step.ts';

/** What an answer is read up to; a longer one is a failure. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Handed to `dispatch`. */
export class Exchange extends Step<HttpAnswer> implements Dispatcher.DispatchHandler {
  protected override readonly isConnecting: () => boolean;
  readonly #expect: StatusExpectation | undefined;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  #sizeBytes = 0;

  constructor(
    options: StepOptions,
    expect: StatusExpectation | undefined,
    isConnecting: () => boolean,
  ) {
    super(options);
    this.#expect = expect;
    this.isConnecting = isConnecting;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It failed while it waited for a connection: what nobody waits for is not sent.
    if (this.isSettled) {
      controller.abort(new Error('no longer wanted'));
      return;
    }
    this.#controller = controller;
    this.sentMs = performance.now();
  }

  onResponseStarted(): void {
    if (Number.isNaN(this.firstByteMs)) this.firstByteMs = performance.now();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpAnswer['headers'],
  ): void {
    // Interim answers are told of as well; the last one is final.
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isSettled) return;
    const { scope, what } = this.options;
    scope.recorder.received(chunk.length);
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes <= MAX_BODY_BYTES) return;
    const message = `${what} answered with more than 64 MiB, the most that is read`;
    this.stop(new RequestFailure('protocol', message));
  }

  onResponseEnd(): void {
    if (this.isSettled) return;
    const status = this.#status;
    let isExpected: boolean;
    try {
      isExpected = isExpectedStatus(this.#expect, status);
    } catch (error) {
      this.fail(new RequestFailure('exception', `${this.options.what}: expect threw ${error}`));
      return;
    }
    this.recordAnswer(status, isExpected);
    // Undici takes a turn of the event loop until it uses the connection again. A flow that went on
    // before that would be given another one, which no client needs that does one thing at a time.
    process.nextTick(setImmediate, deliver, this, isExpected);
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (!this.isSettled) this.fail(failureOf(error, this.options.what));
  }

  deliver(isExpected: boolean): void {
    const status = this.#status;
    if (isExpected) {
      this.resolve(new Answer(this.options.what, status, this.#headers, this.#chunks));
    } else this.rejectByStatus(status, describeExpectation(this.#expect));
  }

  protected override abandon(failure: RequestFailure): void {
    this.#controller?.abort(failure);
  }
}

function deliver(exchange: Exchange, isExpected: boolean): void {
  exchange.deliver(isExpected);
}
