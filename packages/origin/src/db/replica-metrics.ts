// Owns the numbers of replicas.
import type { Registry } from '@headgate/telemetry';
import type { ReplicaState } from './replica-watch.ts';

/** Counts where reads go. */
export type CountRead = (target: string) => void;

interface Family {
  follow(database: string, states: () => readonly ReplicaState[]): CountRead;
}

/** Metric names are taken once per registry, however many databases there are. */
const FAMILIES = new WeakMap<Registry, Family>();

/** Publishes the replicas of `database` in `registry`; without one nothing is counted. */
export function meterReplicas(
  registry: Registry | undefined,
  database: string,
  states: () => readonly ReplicaState[],
): CountRead {
  if (registry === undefined) return () => {};
  let family = FAMILIES.get(registry);
  if (family === undefined) {
    family = registerFamily(registry);
    FAMILIES.set(registry, family);
  }
  return family.follow(database, states);
}

const GAUGES: readonly (readonly [string, string, (state: ReplicaState) => number])[] = [
  ['db_replica_readable', '1 while the replica gets reads.', ({ fault }) => (fault ? 0 : 1)],
  [
    'db_replica_lag_seconds',
    'How far the replica is behind; +Inf for more than can be told.',
    ({ lagMs }) => lagMs / 1000,
  ],
  ['db_replica_lag_bytes', 'Log the replica has not replayed.', ({ lagBytes }) => lagBytes],
];

function registerFamily(registry: Registry): Family {
  const followed = new Map<string, () => readonly ReplicaState[]>();
  for (const [name, help, read] of GAUGES) {
    registry.gauge({
      name,
      help,
      labelNames: ['database', 'replica'],
      collect(gauge) {
        for (const [database, states] of followed) {
          for (const state of states()) gauge.labels(database, state.name).set(read(state));
        }
      },
    });
  }
  const reads = registry.counter({
    name: 'db_reads_total',
    help: 'Reads that may go to replicas, by where they went.',
    labelNames: ['database', 'target'],
  });
  return {
    follow(database, states) {
      followed.set(database, states);
      return (target) => reads.labels(database, target).inc();
    },
  };
}
