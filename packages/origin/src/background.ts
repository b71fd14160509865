// Owns the work that goes on after the answer: how much of it there may be, and how it ends.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, Registry } from '@headgate/telemetry';
import { HttpProblem } from './problem.ts';

/** Work that outlasts its request. `signal` aborts when the process can wait no longer. */
export type BackgroundTask = (signal: AbortSignal) => Promise<void>;

/** How much work there may be after answers, in each process. */
export interface BackgroundOptions {
  /** Tasks that run at once. Default 16. */
  readonly maxRunning?: number;
  /** Tasks that wait, for their answer to go out or for others to end. Default 1000. */
  readonly maxPending?: number;
}

/** What the background is made with. */
export interface BackgroundDeps extends BackgroundOptions {
  readonly logger: Logger;
  readonly registry: Registry;
}

/** A task that has its place. */
interface Accepted {
  readonly name: string;
  readonly requestId: string;
  readonly task: BackgroundTask;
}

// Of a task that was told to stop: time to do so.
const lastWordsMs = 250;

/** The work of one process after its answers; it lives as long as the process. */
export class Background {
  readonly #maxRunning: number;
  readonly #maxPending: number;
  readonly #logger: Logger;
  readonly #count: (outcome: 'done' | 'failed' | 'refused' | 'dropped') => void;
  readonly #waiting: Accepted[] = [];
  readonly #stop = new AbortController();
  /** Accepted and not running, `#waiting` included. */
  #pending = 0;
  #running = 0;
  #onIdle: (() => void)[] = [];

  constructor({ maxRunning = 16, maxPending = 1000, logger, registry }: BackgroundDeps) {
    assertWhole('background.maxRunning', maxRunning, 1);
    assertWhole('background.maxPending', maxPending, 0);
    this.#maxRunning = maxRunning;
    this.#maxPending = maxPending;
    this.#logger = logger;
    setMaxListeners(0, this.#stop.signal);
    const tasks = registry.counter({
      name: 'origin_background_tasks_total',
      help: 'Background tasks that ended or were not run, by outcome.',
      labelNames: ['outcome'],
    });
    this.#count = (outcome) => tasks.labels(outcome).inc();
    registry.gauge({
      name: 'origin_background_tasks',
      help: 'Background tasks there are, by state.',
      labelNames: ['state'],
      collect: (gauge) => {
        gauge.labels('running').set(this.#running);
        gauge.labels('pending').set(this.#pending);
      },
    });
  }

  /**
   * Takes a place for a task; the function that is returned lets it run, once.
   * @throws HttpProblem 503 of kind `overload` when there is no place
   */
  accept(name: string, requestId: string, task: BackgroundTask): () => void {
    const isFull = this.#pending + this.#running >= this.#maxPending + this.#maxRunning;
    if (isFull || this.#stop.signal.aborted) {
      this.#count('refused');
      throw new HttpProblem({
        status: 503,
        kind: 'overload',
        side: 'origin',
        retryable: true,
        detail: `there is too much to do in the background for ${name}; try again later`,
        headers: { 'retry-after': '1' },
      });
    }
    this.#pending += 1;
    return () => {
      this.#waiting.push({ name, requestId, task });
      this.#next();
    };
  }

  /**
   * Waits until nothing is left to do. What is left when `over` aborts is told to stop; what has not
   * begun by then is dropped, and the log says so.
   */
  async finish(over: AbortSignal): Promise<void> {
    if (this.#pending + this.#running === 0) return;
    const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve));
    const stop = () => this.#stop.abort();
    if (over.aborted) stop();
    else over.addEventListener('abort', stop, { once: true });
    const { signal } = this.#stop;
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([idle, stopped]);
    over.removeEventListener('abort', stop);
    if (!signal.aborted) return;
    for (const { name, requestId } of this.#waiting.splice(0)) {
      this.#pending -= 1;
      this.#count('dropped');
      this.#logger.error('background task dropped: the process ends', { task: name, requestId });
    }
    if (this.#running > 0) await Promise.race([idle, sleep(lastWordsMs)]);
  }

  #next(): void {
    while (this.#running < this.#maxRunning && !this.#stop.signal.aborted) {
      const accepted = this.#waiting.shift();
      if (accepted === undefined) return;
      this.#pending -= 1;
      this.#running += 1;
      void this.#run(accepted);
    }
  }

  async #run({ name, requestId, task }: Accepted): Promise<void> {
    try {
      await task(this.#stop.signal);
      this.#count('done');
    } catch (error) {
      this.#count('failed');
      this.#logger.error('background task failed', { error, task: name, requestId });
    }
    this.#running -= 1;
    this.#next();
    if (this.#pending + this.#running > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

function assertWhole(name: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min) return;
  throw new RangeError(`${name} must be a whole number from ${min}, not ${value}`);
}
