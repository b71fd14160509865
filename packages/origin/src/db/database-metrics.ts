// Owns the numbers the databases of a process publish.
import { latencyBucketsSeconds, type Registry } from '@headgate/telemetry';
import type { PoolStatus } from './pool.ts';

/** Counts what one database does. */
export interface DatabaseMeter {
  /** A connection was there after so many milliseconds. */
  waited(durationMs: number): void;
  /** A statement ended with `outcome`: `ok`, the kind of an error, or `aborted`. */
  ran(outcome: string, durationMs: number): void;
}

interface Family {
  meter(name: string, status: () => PoolStatus): DatabaseMeter;
}

/** Metric names are taken once per registry, however many databases there are. */
const FAMILIES = new WeakMap<Registry, Family>();

/** Publishes the numbers of the database `name` in `registry`. */
export function meterDatabase(
  registry: Registry,
  name: string,
  status: () => PoolStatus,
): DatabaseMeter {
  let family = FAMILIES.get(registry);
  if (!family) {
    family = registerFamily(registry);
    FAMILIES.set(registry, family);
  }
  return family.meter(name, status);
}

const GAUGES = [
  ['db_pool_connections', 'Connections that are open or being opened.', 'size'],
  ['db_pool_connections_in_use', 'Connections given out.', 'inUse'],
  ['db_pool_overflow', 'Connections beyond the size of the pool.', 'overflow'],
  ['db_pool_waiting', 'Requests in the queue for a connection.', 'waiting'],
  ['db_pool_max_connections', 'The most connections there may be.', 'maxSize'],
] as const;

function registerFamily(registry: Registry): Family {
  const statuses = new Map<string, () => PoolStatus>();
  for (const [name, help, key] of GAUGES) {
    registry.gauge({
      name,
      help,
      labelNames: ['database'],
      collect: (gauge) => {
        for (const [database, status] of statuses) gauge.labels(database).set(status()[key]);
      },
    });
  }
  const buckets = latencyBucketsSeconds;
  const waits = registry.histogram({
    name: 'db_pool_wait_seconds',
    help: 'Time from asking for a connection to having one.',
    labelNames: ['database'],
    buckets,
  });
  const queries = registry.histogram({
    name: 'db_query_duration_seconds',
    help: 'Time of a statement, waiting for a connection included, by outcome.',
    labelNames: ['database', 'outcome'],
    buckets,
  });
  return {
    meter(database, status) {
      statuses.set(database, status);
      const wait = waits.labels(database);
      const ok = queries.labels(database, 'ok');
      return {
        waited: (durationMs) => wait.observe(durationMs / 1000),
        ran(outcome, durationMs) {
          const series = outcome === 'ok' ? ok : queries.labels(database, outcome);
          series.observe(durationMs / 1000);
        },
      };
    },
  };
}
