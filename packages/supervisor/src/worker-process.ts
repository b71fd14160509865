/** One forked worker, from its start to its end. */
import type { Clock } from './clock.ts';
import type { Fork, ForkedProcess, WorkerExit } from './fork.ts';
import type { SocketHandle } from './listen-sockets.ts';
import type { DrainOrder, ToSupervisor, ToWorker, WorkerFacts } from './messages.ts';
import { PendingAsks } from './pending-asks.ts';

export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone';

/**
 * Tells a worker that has said hello what it needs before it can be ready, by asking it. Rejects
 * when it cannot boot.
 */
export type Prepare = (
  ask: (subject: string, body: unknown) => Promise<unknown>,
  worker: number,
) => Promise<void>;

export interface WorkerProcessOptions {
  readonly id: number;
  readonly clock: Clock;
  readonly fork: Fork;
  /** Its recycling limits are multiplied by this. */
  readonly jitter: number;
  /** Every message, after the worker's own state has followed it. */
  readonly onMessage: (
    worker: WorkerProcess,
    message: ToSupervisor,
    handle: SocketHandle | undefined,
  ) => void;
}

/** Ends with its process; the number is never given to another. */
export class WorkerProcess {
  readonly id: number;
  readonly startedMs: number;
  readonly jitter: number;
  /** Never rejects. */
  readonly gone: Promise<WorkerExit>;
  /** As of the last beat. */
  facts: WorkerFacts = { connections: 0, requests: 0, inFlight: 0 };
  /** Resident memory when it was last measured; undefined where that cannot be done. */
  memoryBytes: number | undefined;
  /** How long nothing has been heard of it; counted by the heartbeat. */
  silentMs = 0;
  /** Somebody sent it a signal to end, and it waits for a successor. */
  wantsToLeave = false;
  /** Its last order to drain. */
  order: DrainOrder | undefined;
  /** Why it has not become ready. */
  bootFailure: string | undefined;
  readonly #clock: Clock;
  readonly #process: ForkedProcess;
  readonly #asks: PendingAsks;
  #hasBeenReady = false;
  readonly #hello = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  #state: WorkerState = 'starting';

  constructor({ id, clock, fork, jitter, onMessage }: WorkerProcessOptions) {
    this.id = id;
    this.jitter = jitter;
    this.startedMs = clock.now();
    this.#clock = clock;
    this.#asks = new PendingAsks(clock);
    const gone = Promise.withResolvers<WorkerExit>();
    this.gone = gone.promise;
    this.#process = fork(id, {
      message: (message, handle) => {
        this.#follow(message);
        onMessage(this, message, handle);
      },
      gone: (exit) => {
        this.#state = 'gone';
        gone.resolve(exit);
        this.#asks.refuseAll(`worker ${id} ${describeExit(exit)}`);
      },
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  get hasBeenReady(): boolean {
    return this.#hasBeenReady;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get ageMs(): number {
    return this.#clock.now() - this.startedMs;
  }

  /** Waits until it is ready; rejects with what is wrong when that does not happen in time. */
  async boot(prepare: Prepare, readyTimeoutMs: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#clock.after(readyTimeoutMs, () => {
      late.reject(new Error(`worker ${this.id} was not ready after ${readyTimeoutMs} ms`));
    });
    const died = this.gone.then((exit) => {
      throw new Error(`worker ${this.id} ${describeExit(exit)} before it was ready`);
    });
    try {
      await Promise.race([died, late.promise, this.#becomeReady(prepare)]);
      this.#hasBeenReady = true;
      if (this.#state === 'starting') this.#state = 'ready';
    } catch (error) {
      this.bootFailure = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      cancel();
    }
  }

  /** Rejects with the worker's own words when it refuses, and when it is silent or ends. */
  ask(subject: string, body: unknown, timeoutMs?: number): Promise<unknown> {
    const { ask, answer } = this.#asks.open(timeoutMs);
    try {
      if (this.#state === 'gone') throw new Error(`worker ${this.id} has gone`);
      this.send({ type: 'ask', ask, subject, body });
    } catch (error) {
      this.#asks.refuse(ask, (error as Error).message);
    }
    return answer;
  }

  send(message: ToWorker, handle?: SocketHandle): void {
    this.#process.send(message, handle);
  }

  /** One that is not ready has nothing to finish, and ends at once. */
  drain(order: DrainOrder): void {
    if (this.#state === 'gone') return;
    const wasStarting = this.#state === 'starting';
    this.#state = 'draining';
    this.order = order;
    if (wasStarting) this.kill();
    else this.send({ type: 'drain', order });
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  async #becomeReady(prepare: Prepare): Promise<void> {
    await this.#hello.promise;
    await prepare((subject, body) => this.ask(subject, body), this.id);
    await this.#ready.promise;
  }

  #follow(message: ToSupervisor): void {
    this.silentMs = 0;
    switch (message.type) {
      case 'hello':
        this.#hello.resolve();
        break;
      case 'ready':
        this.#ready.resolve();
        break;
      case 'beat':
      case 'draining':
        this.facts = message.facts;
        break;
      case 'leave':
        this.wantsToLeave = true;
        break;
      case 'answer':
        this.#asks.settle(message.ask, message.body);
        break;
      case 'refusal':
        this.#asks.refuse(message.ask, message.message);
    }
  }
}

/** Goes after "worker 3". */
export function describeExit({ code, signal, error }: WorkerExit): string {
  if (error !== undefined) return `could not be started: ${error}`;
  if (signal !== null) return `was ended by ${signal}`;
  return `ended with exit code ${code ?? 'unknown'}`;
}
