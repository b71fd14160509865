/** One thing that a flow waits for and that is measured: a request, or a handshake. */
import { type FailureKind, RequestFailure } from '../failure.ts';
import type { SeriesId } from '../recorder.ts';
import { type Cuttable, cutFailure, type FlowScope } from './flow-scope.ts';

export interface StepOptions {
  readonly scope: FlowScope;
  readonly series: SeriesId;
  /** For messages: `GET /items`. */
  readonly what: string;
  readonly intendedMs: number;
  readonly timeoutMs: number;
}

/** Settles `result`, and records how that went, exactly once. */
export abstract class Step<Result> implements Cuttable {
  readonly result: Promise<Result>;
  protected readonly options: StepOptions;
  protected isSettled = false;
  /** NaN until then. */
  protected sentMs = Number.NaN;
  protected firstByteMs = Number.NaN;
  readonly #timer: NodeJS.Timeout;
  #resolve!: (result: Result) => void;
  #reject!: (failure: RequestFailure) => void;

  constructor(options: StepOptions) {
    this.options = options;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(timeOut, options.timeoutMs, this);
    options.scope.underWay.add(this);
    options.scope.recorder.started(options.series);
  }

  cut(): void {
    this.stop(cutFailure(this.options.what));
  }

  timeOut(): void {
    const { what, timeoutMs } = this.options;
    const [kind, missing]: [FailureKind, string] =
      Number.isNaN(this.sentMs) && this.isConnecting()
        ? ['connect-timeout', 'got no connection']
        : ['timeout', 'was not answered'];
    this.stop(new RequestFailure(kind, `${what} ${missing} within ${timeoutMs} ms`));
  }

  /** Whether it waits for a connection, as long as it was not sent. */
  protected abstract isConnecting(): boolean;

  /** Stops what is going on, if anything is. */
  protected abstract abandon(failure: RequestFailure): void;

  /** Ends it from this side. */
  protected stop(failure: RequestFailure): void {
    this.fail(failure);
    this.abandon(failure);
  }

  protected fail(failure: RequestFailure): void {
    if (this.isSettled) return;
    this.#settle();
    const { scope, series, intendedMs } = this.options;
    scope.recorder.failed(series, failure.kind, intendedMs, this.sentMs);
    this.#refuse(failure);
  }

  /** A complete answer, as expected. */
  protected succeed(status: number, result: Result): void {
    this.recordAnswer(status, true);
    this.resolve(result);
  }

  /** A complete answer, with a status that is not expected. */
  protected failByStatus(status: number, expected: string): void {
    this.recordAnswer(status, false);
    this.rejectByStatus(status, expected);
  }

  /** Settles and records; `resolve` or `rejectByStatus` follows. */
  protected recordAnswer(status: number, isExpected: boolean): void {
    this.#settle();
    const { scope, series, intendedMs } = this.options;
    scope.recorder.answered(series, status, isExpected, intendedMs, this.sentMs, this.firstByteMs);
  }

  protected resolve(result: Result): void {
    this.#resolve(result);
  }

  protected rejectByStatus(status: number, expected: string): void {
    const message = `${this.options.what} answered ${status}; expected ${expected}`;
    this.#refuse(new RequestFailure('status', message));
  }

  #settle(): void {
    this.isSettled = true;
    clearTimeout(this.#timer);
    this.options.scope.underWay.delete(this);
  }

  #refuse(failure: RequestFailure): void {
    // A flow that failed elsewhere no longer awaits this one, which must not end the process.
    this.result.catch(() => {});
    this.#reject(failure);
  }
}

function timeOut(step: { timeOut(): void }): void {
  step.timeOut();
}
