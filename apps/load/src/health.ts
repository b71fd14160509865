/** What a worker knows about itself: whether the times it measures are those of the other side. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { WorkerHealth } from './messages.ts';

/** How often the delay of the event loop is sampled; each sample contains it. */
const RESOLUTION_MS = 10;

export class HealthMonitor {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #loop = performance.eventLoopUtilization();
  #takenMs = performance.now();

  constructor() {
    this.#delay.enable();
  }

  /** Since the last time. */
  take(): WorkerHealth {
    const nowMs = performance.now();
    const cpu = process.cpuUsage(this.#cpu);
    const loop = performance.eventLoopUtilization();
    const health = {
      cpuMs: (cpu.user + cpu.system) / 1_000,
      elapsedMs: nowMs - this.#takenMs,
      loopUtilization: performance.eventLoopUtilization(loop, this.#loop).utilization,
      loopDelayMs: Math.max(0, this.#delay.max / 1e6 - RESOLUTION_MS),
    };
    this.#cpu = process.cpuUsage();
    this.#loop = loop;
    this.#takenMs = nowMs;
    this.#delay.reset();
    return health;
  }

  stop(): void {
    this.#delay.disable();
  }
}
