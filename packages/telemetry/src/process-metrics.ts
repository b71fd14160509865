/**
 * What the process itself uses: CPU, memory, file descriptors, event loop. Of several workers, what
 * they use up together is added; what limits each by itself is kept apart, or told of the worst.
 */
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Registry } from './registry.ts';

const DELAY_RESOLUTION_MS = 20;

/**
 * Registers the metrics of this process; event loop numbers cover the time since the last render.
 * Returns a function that stops the event loop monitor.
 */
export function registerProcessMetrics(registry: Registry): () => void {
  registerCpu(registry);
  registerMemory(registry);
  registerOpenFiles(registry);
  registry
    .gauge({
      name: 'process_start_time_seconds',
      help: 'When the process started, in seconds since the Unix epoch.',
      merge: 'min',
    })
    .labels()
    .set(performance.timeOrigin / 1000);
  return registerEventLoop(registry);
}

function registerCpu(registry: Registry): void {
  let last = { user: 0, system: 0 };
  registry.counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time used, by mode.',
    labelNames: ['mode'],
    collect(counter) {
      const usage = process.cpuUsage();
      counter.labels('user').inc((usage.user - last.user) / 1e6);
      counter.labels('system').inc((usage.system - last.system) / 1e6);
      last = usage;
    },
  });
}

function registerMemory(registry: Registry): void {
  registry.gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory the process holds in RAM.',
    merge: 'sum',
    collect: (gauge) => gauge.labels().set(process.memoryUsage.rss()),
  });
  registry.gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'JavaScript heap in use.',
    merge: 'sum',
    collect: (gauge) => gauge.labels().set(process.memoryUsage().heapUsed),
  });
}

function registerOpenFiles(registry: Registry): void {
  if (process.platform !== 'linux') return;
  registry.gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors; of several processes, those of the one that has most.',
    merge: 'max',
    // Listing the directory holds one descriptor of its own.
    collect: (gauge) => gauge.labels().set(readdirSync('/proc/self/fd').length - 1),
  });
}

function registerEventLoop(registry: Registry): () => void {
  let last = performance.eventLoopUtilization();
  registry.gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Share of the time the event loop was busy, 0 to 1, since the last scrape.',
    merge: 'each',
    collect(gauge) {
      const now = performance.eventLoopUtilization();
      gauge.labels().set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });

  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();
  registry.gauge({
    name: 'nodejs_eventloop_delay_p99_seconds',
    help: 'How late the event loop ran a timer, 99th percentile since the last scrape.',
    merge: 'each',
    collect(gauge) {
      // The monitor measures from timer to timer, so an idle loop shows one resolution.
      const lateMs = delay.percentile(99) / 1e6 - DELAY_RESOLUTION_MS;
      gauge.labels().set(Math.max(0, lateMs) / 1000);
      delay.reset();
    },
  });
  return () => {
    delay.disable();
  };
}
