/** What a supervisor does every quarter of a second: looks after its workers. */
import type { Clock } from './clock.ts';
import type { Crew } from './crew.ts';
import type { SupervisorEvent } from './events.ts';
import type { HandOverDesk } from './hand-over.ts';
import { findStuck, ROUND_MS } from './heartbeat.ts';
import { findDue, type RecycleLimits } from './recycle.ts';
import type { Rolling } from './rolling.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface RoundsOptions {
  readonly clock: Clock;
  readonly memory: (pid: number) => number | undefined;
  readonly crew: Crew;
  readonly rolling: Rolling<WorkerProcess>;
  readonly desk: HandOverDesk<WorkerProcess>;
  /** Read in every round: they may change. */
  readonly settings: () => { readonly stuckAfterMs: number; readonly recycle: RecycleLimits };
  readonly tellShare: () => void;
  readonly onEvent: (event: SupervisorEvent) => void;
}

const MEMORY_PERIOD_MS = 5_000;
/** After a recycling that failed; the worker that was due serves on. */
const RECYCLE_AGAIN_AFTER_MS = 30_000;

/** From `begin` to `end`. */
export class Rounds {
  readonly #options: RoundsOptions;
  #cancel: (() => void) | undefined;
  #lastMs = 0;
  #memoryDueMs = 0;
  #recycleFromMs = 0;
  #hasEnded = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#lastMs = this.#options.clock.now();
    this.#awaitNext();
  }

  end(): void {
    this.#hasEnded = true;
    this.#cancel?.();
  }

  #awaitNext(): void {
    if (this.#hasEnded) return;
    this.#cancel = this.#options.clock.after(ROUND_MS, () => {
      this.#go();
      this.#awaitNext();
    });
  }

  #go(): void {
    const { clock, desk, tellShare, onEvent } = this.#options;
    const nowMs = clock.now();
    this.#killStuck(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    tellShare();
    desk.tally();
    const count = desk.readClosed();
    if (count > 0) onEvent({ type: 'connections-closed', count });
    if (nowMs >= this.#memoryDueMs) this.#measureMemory(nowMs);
    void this.#recycle(nowMs);
  }

  #killStuck(sinceLastMs: number): void {
    const { crew, settings, onEvent } = this.#options;
    for (const worker of findStuck(crew.ready, sinceLastMs, settings().stuckAfterMs)) {
      onEvent({ type: 'worker-stuck', worker: worker.id, silentMs: worker.silentMs });
      worker.silentMs = 0;
      worker.kill();
    }
  }

  #measureMemory(nowMs: number): void {
    this.#memoryDueMs = nowMs + MEMORY_PERIOD_MS;
    for (const worker of this.#options.crew.workers) {
      if (worker.pid !== undefined) worker.memoryBytes = this.#options.memory(worker.pid);
    }
  }

  async #recycle(nowMs: number): Promise<void> {
    const { crew, rolling, settings, clock, onEvent } = this.#options;
    if (rolling.isBusy || nowMs < this.#recycleFromMs || crew.wanted === 0) return;
    const due = findDue(crew.ready, settings().recycle);
    if (!due) return;
    const { worker, why } = due;
    worker.wantsToLeave = false;
    onEvent({ type: 'recycling', worker: worker.id, why });
    try {
      await rolling.replaceOne(worker, 'recycle');
    } catch (error) {
      this.#recycleFromMs = clock.now() + RECYCLE_AGAIN_AFTER_MS;
      if (crew.wanted === 0) return;
      onEvent({ type: 'recycling-failed', worker: worker.id, why: (error as Error).message });
    }
  }
}
