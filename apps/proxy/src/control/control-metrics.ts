/** What the control plane counts itself, beside what its workers count. */
import { createRegistry, type MetricFamily } from '@headgate/telemetry';
import type { ControlStatus, WorkerReport } from './control-api.ts';

export interface ControlMetrics {
  reloaded(result: 'applied' | 'refused'): void;
  workerExited(reason: string): void;
  /** Takes the gauges from what is the case now. */
  observe(status: ControlStatus, workers: readonly WorkerReport[]): void;
  read(): readonly MetricFamily[];
}

export function createControlMetrics(): ControlMetrics {
  const registry = createRegistry();
  const reloads = registry.counter({
    name: 'headgate_config_reloads_total',
    help: 'Configuration reloads by result.',
    labelNames: ['result'],
  });
  const exits = registry.counter({
    name: 'headgate_worker_exits_total',
    help: 'Workers that have gone, by why.',
    labelNames: ['reason'],
  });
  const generation = registry.gauge({
    name: 'headgate_config_generation',
    help: 'Counts the configurations put in force, discovery and operators included.',
  });
  const loaded = registry.gauge({
    name: 'headgate_config_loaded_timestamp_seconds',
    help: 'When the configuration file in force was read, in seconds since the Unix epoch.',
  });
  const workersAsked = registry.gauge({
    name: 'headgate_workers_asked',
    help: 'Workers there should be.',
  });
  const workers = registry.gauge({
    name: 'headgate_workers',
    help: 'Workers there are, by state.',
    labelNames: ['state'],
  });
  const connections = registry.gauge({
    name: 'headgate_worker_connections',
    help: 'Open client connections of each worker.',
    labelNames: ['worker'],
  });
  return {
    reloaded: (result) => reloads.labels(result).inc(),
    workerExited: (reason) => exits.labels(reason).inc(),
    observe(status, reports) {
      generation.labels().set(status.config.generation);
      loaded.labels().set(status.config.loadedAt / 1_000);
      workersAsked.labels().set(status.workers.asked);
      workers.clear();
      connections.clear();
      for (const report of reports) {
        workers.labels(report.state).inc();
        connections.labels(String(report.id)).set(report.connections);
      }
    },
    read: () => registry.read(),
  };
}
