// Owns where the numbers of `/metrics` come from: this process, or all that serve with it.
import type { MetricFamily, Registry } from '@headgate/telemetry';

type ReadMetrics = () => Promise<readonly MetricFamily[]>;

/** What `/metrics` answers. */
export interface MetricsSource {
  /** Rejects when it cannot speak for all. */
  read: ReadMetrics;
  /** From now on this is what is answered. */
  replace(read: ReadMetrics): void;
}

/** Answers for `registry`, until it is replaced. */
export function createMetricsSource(registry: Registry): MetricsSource {
  let current: ReadMetrics = async () => registry.read();
  return {
    read: () => current(),
    replace(read) {
      current = read;
    },
  };
}
