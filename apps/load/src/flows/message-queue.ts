/** Messages that arrived, and those who wait for one. */
import { RequestFailure } from '../failure.ts';
import type { AnswerStatus, Recorder, SeriesId } from '../recorder.ts';

/** A stream that the flow is done with. */
export type Releasable<Stream> = Stream & {
  /** Ends it without waiting for the other side. */
  release(): void;
};

/** What one who waits is measured as. */
export interface WaitStep {
  readonly recorder: Recorder;
  readonly series: SeriesId;
  readonly status: AnswerStatus;
}

export interface WaitOptions<Message> {
  /** For messages: `a message of GET /live/ws`. */
  readonly what: string;
  /** Infinity waits as long as the stream lasts. */
  readonly timeoutMs: number;
  /** Undefined: not measured. */
  readonly step?: WaitStep;
  /** Leaves messages that it refuses to others. */
  accept?(message: Message): boolean;
}

const MAX_MESSAGES = 1_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** In order: each message goes to the first of those waiting that accepts it, or waits itself. */
export class MessageQueue<Message> {
  readonly #messages: { readonly message: Message; readonly sizeBytes: number }[] = [];
  readonly #waits = new Set<Wait<Message>>();
  #sizeBytes = 0;
  #end: RequestFailure | undefined;

  /** Why nothing arrives any more. */
  get end(): RequestFailure | undefined {
    return this.#end;
  }

  /** Takes what has arrived, until the end; false when that is now, since too much waits. */
  push(message: Message, sizeBytes: number): boolean {
    if (this.#end !== undefined) return true;
    for (const wait of this.#waits) {
      const isAccepted = wait.accepts(message);
      if (isAccepted || wait.isOver) this.#waits.delete(wait);
      if (!isAccepted) continue;
      wait.take(message);
      return true;
    }
    this.#messages.push({ message, sizeBytes });
    this.#sizeBytes += sizeBytes;
    if (this.#messages.length <= MAX_MESSAGES && this.#sizeBytes <= MAX_BYTES) return true;
    const text = `more than ${MAX_MESSAGES} messages or 16 MiB wait to be received; receive faster`;
    this.fail(new RequestFailure('protocol', text));
    return false;
  }

  /** The next message; the longest waiting, if any waits. */
  next(options: WaitOptions<Message>): Promise<Message> {
    const wait = new Wait(options);
    const first = this.#messages.shift();
    if (first === undefined) return this.#enter(wait);
    this.#sizeBytes -= first.sizeBytes;
    wait.take(first.message);
    return wait.result;
  }

  /** The next message to arrive; those that wait already keep waiting. */
  nextArrival(options: WaitOptions<Message>): Promise<Message> {
    return this.#enter(new Wait(options));
  }

  /** Nothing more will arrive; what waits can still be received. The first reason stands. */
  fail(end: RequestFailure): void {
    this.#end ??= end;
    for (const wait of this.#waits) wait.fail(this.#end);
    this.#waits.clear();
  }

  #enter(wait: Wait<Message>): Promise<Message> {
    if (this.#end !== undefined) wait.fail(this.#end);
    else {
      this.#waits.add(wait);
      wait.begin(() => this.#waits.delete(wait));
    }
    return wait.result;
  }
}

/** One who waits for a message. */
class Wait<Message> {
  readonly result: Promise<Message>;
  readonly #options: WaitOptions<Message>;
  readonly #startMs = performance.now();
  isOver = false;
  #timer: NodeJS.Timeout | undefined;
  #resolve!: (message: Message) => void;
  #reject!: (failure: RequestFailure) => void;

  constructor(options: WaitOptions<Message>) {
    this.#options = options;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    options.step?.recorder.started(options.step.series);
  }

  begin(leave: () => void): void {
    const { timeoutMs, what } = this.#options;
    if (timeoutMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      leave();
      this.fail(new RequestFailure('timeout', `${what} did not come within ${timeoutMs} ms`));
    }, timeoutMs);
  }

  /** It fails when the flow's own `accept` throws. */
  accepts(message: Message): boolean {
    const { accept, what } = this.#options;
    try {
      return accept === undefined || accept(message);
    } catch (error) {
      this.isOver = true;
      this.fail(new RequestFailure('exception', `${what}: accept threw ${error}`));
      return false;
    }
  }

  take(message: Message): void {
    clearTimeout(this.#timer);
    const { step } = this.#options;
    const startMs = this.#startMs;
    step?.recorder.answered(step.series, step.status, true, startMs, startMs, Number.NaN);
    this.#resolve(message);
  }

  fail(failure: RequestFailure): void {
    clearTimeout(this.#timer);
    const { step } = this.#options;
    step?.recorder.failed(step.series, failure.kind, this.#startMs, this.#startMs);
    // A flow that failed elsewhere no longer awaits this, which must not end the process.
    this.result.catch(() => {});
    this.#reject(failure);
  }
}
