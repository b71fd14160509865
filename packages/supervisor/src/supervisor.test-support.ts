/** A supervisor on fake workers and a clock that is moved by hand. */
import { createHandClock, type HandClock } from './clock.test-support.ts';
import { describe, type SupervisorEvent } from './events.ts';
import { createFakeWorkers, type FakeWorkers } from './fake-workers.test-support.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from './supervisor.ts';

export interface Trial {
  readonly supervisor: Supervisor;
  readonly clock: HandClock;
  readonly workers: FakeWorkers;
  readonly events: readonly SupervisorEvent[];
  /** Resident bytes by process id. */
  readonly memory: Map<number, number>;
  /** Lines that were reported since this was last called. */
  said(): string[];
  /** Ids of the workers that are ready. */
  ready(): number[];
  /** Lets time pass in which every worker that lives says so. */
  pass(ms: number): Promise<void>;
}

export function createTrial(options: Partial<SupervisorOptions> = {}): Trial {
  const clock = createHandClock();
  const workers = createFakeWorkers();
  const events: SupervisorEvent[] = [];
  const memory = new Map<number, number>();
  let said = 0;
  const supervisor = createSupervisor(
    {
      workers: 2,
      start: { file: 'worker.ts', args: [], env: {} },
      readyTimeoutMs: 30_000,
      stuckAfterMs: 10_000,
      drainTimeoutMs: 5_000,
      recycle: {},
      adopted: [],
      prepare: async (ask) => void (await ask('start', undefined)),
      onEvent: (event) => events.push(event),
      ...options,
    },
    { clock, random: () => 0.5, fork: workers.fork, memory: (pid) => memory.get(pid) },
  );
  return {
    supervisor,
    clock,
    workers,
    events,
    memory,
    said() {
      const lines = events.slice(said).map(describe);
      said = events.length;
      return lines;
    },
    ready: () => supervisor.workers.filter(({ state }) => state === 'ready').map(({ id }) => id),
    async pass(ms) {
      for (let passed = 0; passed < ms; passed += 1_000) {
        for (const id of workers.alive) workers.get(id).says({ type: 'unlisten', key: 'none' });
        await clock.pass(Math.min(1_000, ms - passed));
      }
    },
  };
}
