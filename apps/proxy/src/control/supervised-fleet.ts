/** The workers of a supervisor, as the control plane sees them. */
import type { AskOptions, Supervisor } from '@headgate/supervisor';
import type { ProxyConfig } from '../config.ts';
import type { Asked, Fleet, FleetResult } from './fleet.ts';

/** A fleet of the workers of `supervisor`. */
export function createSupervisedFleet(supervisor: Supervisor): Fleet {
  return {
    list: () =>
      supervisor.workers.map(({ id, pid = 0, state, ageMs, facts, memoryBytes }) => ({
        id,
        pid,
        state,
        ageMs,
        ...facts,
        memoryBytes,
      })),
    ask: (subject, body, asked = 'ready') => supervisor.ask(subject, body, optionsOf(asked)),
    restart: () => supervisor.replaceAll(),
    async scale(workers): Promise<FleetResult> {
      try {
        await supervisor.scale(workers);
        return { ok: true };
      } catch (error) {
        return { ok: false, why: error instanceof Error ? error.message : String(error) };
      }
    },
    configure: (config) => supervisor.configure(supervisionOf(config)),
  };
}

function optionsOf(asked: Asked): AskOptions {
  if (typeof asked === 'number') return { worker: asked };
  return asked === 'ready' ? {} : { states: ['starting', 'ready', 'draining'] };
}

/** What a configuration says about the care of workers. */
export function supervisionOf({ supervision, timeouts }: ProxyConfig) {
  const { readyTimeout, stuckAfter, recycle } = supervision;
  return {
    readyTimeoutMs: readyTimeout,
    stuckAfterMs: stuckAfter,
    drainTimeoutMs: timeouts.shutdown,
    recycle: {
      requests: recycle.requests,
      ageMs: recycle.age,
      memoryBytes: recycle.memory,
    },
  };
}
