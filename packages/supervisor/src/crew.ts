/**
 * The workers of a supervisor: as many as are wanted, others in place of those that die, and
 * successors beside those that are to be replaced.
 */
import type { Clock } from './clock.ts';
import { CrashLoop } from './crash-loop.ts';
import type { SupervisorEvent } from './events.ts';
import type { Fork, WorkerExit } from './fork.ts';
import type { SocketHandle } from './listen-sockets.ts';
import type { DrainReason, ToSupervisor } from './messages.ts';
import { drawJitter } from './recycle.ts';
import { describeExit, type Prepare, WorkerProcess } from './worker-process.ts';

export interface CrewOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fork: Fork;
  readonly prepare: Prepare;
  /** Read whenever they are needed: they may change. */
  readonly timeouts: () => { readonly readyTimeoutMs: number; readonly drainTimeoutMs: number };
  /** Another supervisor is there to take connections. */
  readonly isOtherThere: () => boolean;
  readonly onEvent: (event: SupervisorEvent) => void;
  readonly onMessage: (
    worker: WorkerProcess,
    message: ToSupervisor,
    handle: SocketHandle | undefined,
  ) => void;
  /** `ready` has changed. */
  readonly onChange: () => void;
  /** Before `onChange`. */
  readonly onGone: (worker: WorkerProcess) => void;
}

/** Beyond its own drain, what a worker is given to end. */
const OVERSTAY_MS = 2_000;
const QUICK_STOP_MS = 1_000;

interface Launch {
  readonly worker: WorkerProcess;
  /** Rejects when it cannot boot; it is being killed then. */
  readonly boot: Promise<void>;
}

/** Lives as long as the supervisor. */
export class Crew {
  readonly #options: CrewOptions;
  /** All whose process has not ended. */
  readonly #workers = new Set<WorkerProcess>();
  /** Those that count: not the ones that drain, nor successors that wait for their turn. */
  readonly #members = new Set<WorkerProcess>();
  /** By the member each is to replace. */
  readonly #successors = new Map<WorkerProcess, WorkerProcess>();
  readonly #crashLoop = new CrashLoop();
  #refill: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #wanted = 0;
  #lastId = 0;
  #isStopping = false;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  get workers(): readonly WorkerProcess[] {
    return [...this.#workers];
  }

  get members(): readonly WorkerProcess[] {
    return [...this.#members];
  }

  get ready(): readonly WorkerProcess[] {
    return this.workers.filter(({ state }) => state === 'ready');
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** How many there should be; 0 from the moment they are stopped. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Nobody is missing. */
  get isComplete(): boolean {
    const isFull = this.#members.size === this.#wanted && this.#wanted > 0;
    return isFull && this.members.every(({ state }) => state === 'ready');
  }

  /**
   * Starts workers or drains the youngest until there are `count`. Resolves when the new ones are
   * ready; rejects with the reason of the first that cannot boot, and there are as many as before.
   */
  async scale(count: number): Promise<void> {
    if (this.#isStopping) throw new Error(STOPPING);
    const before = this.#wanted;
    this.#wanted = count;
    const boots = this.#fill();
    this.#trim();
    try {
      await Promise.all(boots);
    } catch (error) {
      if (this.#wanted === count) this.#wanted = before;
      this.#trim();
      throw error;
    }
  }

  /**
   * Starts a successor; when it is ready, `worker` drains. Resolves when that has gone; rejects
   * when the successor cannot boot, and `worker` goes on.
   */
  async replace(worker: WorkerProcess, reason: DrainReason): Promise<void> {
    if (this.#isStopping) throw new Error(STOPPING);
    const { worker: successor, boot } = this.#launch();
    this.#successors.set(worker, successor);
    try {
      await boot;
    } finally {
      this.#successors.delete(worker);
    }
    if (successor.state === 'gone') {
      throw new Error(`worker ${successor.id} ended as soon as it was ready`);
    }
    if (successor.state === 'ready') this.#members.add(successor);
    const isStaying = worker.state === 'starting' || worker.state === 'ready';
    if (isStaying) await this.#drain(worker, reason);
    this.#trim();
  }

  /**
   * Ends all workers, and resolves when they have gone: `graceful` lets them finish what they have
   * begun; `quick`, also after `graceful`, kills those that are still there after a second.
   */
  async stop(how: 'graceful' | 'quick'): Promise<void> {
    this.#isStopping = true;
    this.#wanted = 0;
    this.#refill?.cancel();
    this.#refill = undefined;
    const timeoutMs = how === 'quick' ? 0 : this.#options.timeouts().drainTimeoutMs;
    const graceMs = how === 'quick' ? QUICK_STOP_MS : OVERSTAY_MS;
    await Promise.all(
      this.workers.map((worker) => {
        if (worker.state === 'draining' && how === 'graceful') {
          this.#keepConnections(worker);
          return worker.gone;
        }
        return this.#drain(worker, 'stop', timeoutMs, graceMs);
      }),
    );
  }

  #fill(): Promise<void>[] {
    const boots: Promise<void>[] = [];
    while (!this.#isStopping && this.#members.size < this.#wanted) {
      const { worker, boot } = this.#launch();
      this.#members.add(worker);
      boots.push(boot);
    }
    return boots;
  }

  #trim(): void {
    const youngest = this.members.toSorted((a, b) => b.id - a.id);
    for (const worker of youngest.slice(0, Math.max(0, youngest.length - this.#wanted))) {
      void this.#drain(worker, 'scale-down');
    }
  }

  #launch(): Launch {
    const { clock, fork, random, prepare, timeouts, onEvent, onMessage } = this.#options;
    this.#lastId += 1;
    const id = this.#lastId;
    const worker = new WorkerProcess({ id, clock, fork, jitter: drawJitter(random), onMessage });
    this.#workers.add(worker);
    onEvent({ type: 'worker-started', worker: id, process: worker.pid });
    void worker.gone.then((exit) => this.#departed(worker, exit));
    const boot = worker.boot(prepare, timeouts().readyTimeoutMs).then(
      () => {
        onEvent({ type: 'worker-ready', worker: id, tookMs: worker.ageMs });
        this.#options.onChange();
      },
      (error) => {
        worker.kill();
        throw this.#isStopping ? new Error(STOPPING) : error;
      },
    );
    boot.catch(() => {});
    return { worker, boot };
  }

  async #drain(
    worker: WorkerProcess,
    reason: DrainReason,
    timeoutMs = this.#options.timeouts().drainTimeoutMs,
    graceMs = OVERSTAY_MS,
  ): Promise<void> {
    const { clock, onEvent, onChange } = this.#options;
    this.#members.delete(worker);
    onEvent({ type: 'worker-draining', worker: worker.id, reason });
    const isSucceeded = this.#options.isOtherThere();
    const mayHandOver = isSucceeded || (reason !== 'stop' && this.#wanted > 0);
    worker.drain({ reason, timeoutMs, mayHandOver });
    onChange();
    const cancel = clock.after(timeoutMs + graceMs, () => {
      onEvent({ type: 'worker-overstayed', worker: worker.id, timeoutMs });
      worker.kill();
    });
    await worker.gone;
    cancel();
  }

  /** Connections at rest that nobody is there to go on with are not handed over, but drained. */
  #keepConnections(worker: WorkerProcess): void {
    const { order } = worker;
    const mayHandOver = this.#options.isOtherThere();
    if (order?.mayHandOver && !mayHandOver) worker.drain({ ...order, mayHandOver });
  }

  #departed(worker: WorkerProcess, exit: WorkerExit): void {
    const { onEvent, onGone, onChange } = this.#options;
    this.#workers.delete(worker);
    const successor = this.#successors.get(worker);
    const isMissing = this.#members.delete(worker) && !this.#isStopping;
    // What was to replace it does so already.
    if (isMissing && successor) this.#members.add(successor);
    const isRefilled = isMissing && !successor;
    const retryInMs = isRefilled ? this.#refillAfter(worker) : undefined;
    onEvent(departure(worker, exit, retryInMs));
    onGone(worker);
    onChange();
    if (retryInMs === 0) this.#fill();
  }

  /** Sees to it that there are enough workers again; returns when, in milliseconds from now. */
  #refillAfter(worker: WorkerProcess): number {
    const { clock } = this.#options;
    const nowMs = clock.now();
    if (this.#refill) return Math.max(0, this.#refill.atMs - nowMs);
    const delayMs = this.#crashLoop.died(nowMs, worker.ageMs);
    if (delayMs === 0) return 0;
    const cancel = clock.after(delayMs, () => {
      this.#refill = undefined;
      this.#fill();
    });
    this.#refill = { atMs: nowMs + delayMs, cancel };
    return delayMs;
  }
}

const STOPPING = 'the supervisor is stopping';

function departure(
  worker: WorkerProcess,
  exit: WorkerExit,
  retryInMs: number | undefined,
): SupervisorEvent {
  const { id, order, ageMs, bootFailure } = worker;
  const retry = retryInMs === undefined ? {} : { retryInMs: Math.ceil(retryInMs) };
  if (order) return { type: 'worker-left', worker: id, reason: order.reason, exit };
  if (worker.hasBeenReady) {
    return { type: 'worker-died', worker: id, exit, livedMs: ageMs, ...retry };
  }
  const why = bootFailure ?? `worker ${id} ${describeExit(exit)} before it was ready`;
  return { type: 'worker-failed', worker: id, why, ...retry };
}
