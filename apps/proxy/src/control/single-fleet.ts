/** `headgate run --single`: the edge lives in the process of its control plane. */
import type { WorkerAnswer } from '@headgate/supervisor';
import { type Answers, answersOf } from '../answers.ts';
import type { RunningEdge } from '../edge.ts';
import type { Fleet, FleetResult } from './fleet.ts';

export interface SingleFleetDeps {
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly pid: number;
  readonly memoryBytes: () => number;
}

/** A fleet of one that cannot be replaced. */
export function createSingleFleet(edge: RunningEdge, deps: SingleFleetDeps): Fleet {
  const answers: Answers = answersOf(edge);
  const startedMs = deps.now();
  const only = { id: 1, pid: deps.pid, state: 'ready' } as const;
  return {
    list: () => [
      {
        ...only,
        ...edge.facts(),
        ageMs: deps.now() - startedMs,
        memoryBytes: deps.memoryBytes(),
      },
    ],
    async ask(subject, body) {
      // Each takes what it is asked with; the control plane knows with what.
      const ask: (body: never) => unknown = answers[subject];
      return [await answer(() => ask(body as never))];
    },
    restart: async () => REFUSED,
    scale: async () => REFUSED,
    configure: () => {},
  };
}

const REFUSED: FleetResult = {
  ok: false,
  why: 'there is one process and no supervisor; start without --single to have workers',
};

async function answer(act: () => unknown): Promise<WorkerAnswer> {
  try {
    return { worker: 1, ok: true, body: await act() };
  } catch (error) {
    return { worker: 1, ok: false, message: error instanceof Error ? error.message : `${error}` };
  }
}
