/** One run of a scripted flow, from its beginning until it is recorded. */
import { RequestFailure } from '../failure.ts';
import type { Recorder, SeriesId } from '../recorder.ts';
import type { FlowContext, Random } from '../scenario.ts';
import type { FlowProblems } from './flow-problems.ts';
import type { Due } from './flow-scope.ts';
import type { HttpClient } from './http-client.ts';
import type { Releasable } from './message-queue.ts';
import { type ThinkTime, thinkTimeMs } from './pause.ts';
import type { FlowOwner } from './running-flow.ts';

/** What the runs of one flow share. */
export interface FlowRunParts {
  readonly run: (context: FlowContext) => Promise<void>;
  readonly data: unknown;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly recorder: Recorder;
  readonly series: SeriesId;
  readonly client: HttpClient;
  readonly problems: FlowProblems;
  /** The runs that have not ended. */
  readonly runs: Set<FlowRun>;
}

export class FlowRun {
  readonly #parts: FlowRunParts;
  readonly #owner: FlowOwner;
  readonly #intendedMs: number;
  readonly #startedMs = performance.now();
  readonly #due: Due;
  readonly #streams: Releasable<unknown>[] = [];
  /** Pauses under way; those at the same time count once. */
  #pauses = 0;
  #pausedAtMs = 0;
  #thoughtMs = 0;
  #isOver = false;

  constructor(parts: FlowRunParts, intendedMs: number, owner: FlowOwner) {
    this.#parts = parts;
    this.#owner = owner;
    this.#intendedMs = intendedMs;
    this.#due = { intendedMs };
    parts.runs.add(this);
    parts.recorder.started(parts.series);
  }

  /** Runs the flow's own code; never rejects. */
  async begin(user: unknown): Promise<void> {
    try {
      await this.#parts.run(this.#context(user));
      this.#end(undefined);
    } catch (error) {
      this.#end(error);
    }
  }

  /** Ends it now, whatever its code still waits for. */
  giveUp(): void {
    this.#end(new RequestFailure('cut', 'the run is over'));
  }

  /** Made of functions that need no `this`, for flows take it apart. */
  #context(user: unknown): FlowContext {
    const { client, data, random, signal } = this.#parts;
    const due = this.#due;
    return {
      data,
      user,
      random,
      signal,
      http: client.forFlow(due),
      think: (duration) => this.#think(duration),
      check: (condition, message) => {
        if (!condition) throw new RequestFailure('check', message);
      },
      websocket: (path, options) => this.#opened(client.openWebSocket(due, path, options)),
      events: (path, options) => this.#opened(client.openEvents(due, path, options)),
    };
  }

  async #think(duration: ThinkTime): Promise<void> {
    const lengthMs = thinkTimeMs(duration, this.#parts.random);
    if (this.#pauses++ === 0) this.#pausedAtMs = performance.now();
    try {
      await this.#parts.client.pause(lengthMs);
    } finally {
      if (--this.#pauses === 0) this.#addPause();
    }
  }

  #addPause(): void {
    const pauseMs = performance.now() - this.#pausedAtMs;
    this.#thoughtMs += pauseMs;
    // Only moves a first request that is still to come.
    this.#due.intendedMs += pauseMs;
  }

  #opened<Stream>(opening: Promise<Releasable<Stream>>): Promise<Stream> {
    const stream = opening.then((opened) => {
      if (this.#isOver) opened.release();
      else this.#streams.push(opened);
      return opened;
    });
    // A flow that failed elsewhere no longer awaits this, which must not end the process.
    stream.catch(() => {});
    return stream;
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#pauses > 0) this.#addPause();
    for (const stream of this.#streams) stream.release();
    const hasFailed = this.#record(error);
    this.#parts.runs.delete(this);
    // At once only after a request: a user whose flow has nothing to wait for would otherwise
    // begin it again and again, and nothing else would ever happen.
    const hasAsked = Number.isNaN(this.#due.intendedMs);
    if (hasAsked && !hasFailed) this.#owner.flowEnded(false);
    else setImmediate(() => this.#owner.flowEnded(hasFailed));
  }

  #record(error: unknown): boolean {
    const { recorder, series, signal, problems } = this.#parts;
    const intendedMs = this.#intendedMs + this.#thoughtMs;
    const startedMs = this.#startedMs + this.#thoughtMs;
    // Where the signal ended a pause or a request, the code may have gone on; it is cut all the same.
    const isCut = signal.aborted;
    if (error === undefined && !isCut) {
      recorder.answered(series, 'done', true, intendedMs, startedMs, Number.NaN);
      return false;
    }
    const kind = isCut ? 'cut' : error instanceof RequestFailure ? error.kind : 'exception';
    if (kind === 'exception' || kind === 'check') problems.add(error);
    recorder.failed(series, kind, intendedMs, startedMs);
    return true;
  }
}
