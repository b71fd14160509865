/** What a supervisor reports, taken to the log, the metrics and the control plane. */
import { describe, type SupervisorEvent } from '@headgate/supervisor';
import type { OpenedControl } from './open-control.ts';

export type Phase = 'starting' | 'serving' | 'stopping';

/** Lives as long as the supervisor. */
export class WorkerNews {
  readonly #opened: OpenedControl;
  readonly #phase: () => Phase;
  /** Which configuration each worker started with. */
  readonly #startedWith = new Map<number, number>();

  constructor(opened: OpenedControl, phase: () => Phase) {
    this.#opened = opened;
    this.#phase = phase;
  }

  /** `worker` is about to start with what is in force now. */
  starting(worker: number): void {
    this.#startedWith.set(worker, this.#opened.plane.generation);
  }

  take(event: SupervisorEvent): void {
    const { plane, metrics, log } = this.#opened;
    log[this.#levelOf(event)](describe(event), event);
    switch (event.type) {
      case 'worker-ready': {
        const generation = this.#startedWith.get(event.worker);
        if (generation !== undefined) plane.catchUp(event.worker, generation);
        return;
      }
      case 'worker-left':
        metrics.workerExited(event.reason);
        break;
      case 'worker-died':
        metrics.workerExited('died');
        break;
      case 'worker-failed':
        metrics.workerExited('failed');
        break;
      default:
        return;
    }
    this.#startedWith.delete(event.worker);
    plane.workerLeft(event.worker);
  }

  /** A start that fails says why itself, and that workers come and go at both ends is no news. */
  #levelOf({ type }: SupervisorEvent): 'debug' | 'info' | 'warn' {
    const phase = this.#phase();
    if (phase === 'starting') return 'debug';
    if (TROUBLES.includes(type)) return 'warn';
    return phase === 'stopping' ? 'debug' : 'info';
  }
}

const TROUBLES: readonly SupervisorEvent['type'][] = [
  'worker-failed',
  'worker-died',
  'worker-overstayed',
  'worker-stuck',
  'recycling-failed',
  'replacement-failed',
  'connections-closed',
];
