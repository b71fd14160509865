// Owns the numbers every origin publishes about its requests.
import { latencyBucketsSeconds, type Registry } from '@headgate/telemetry';
import type { Lifecycle } from './lifecycle.ts';

/** Counts one finished request. */
export type RecordRequest = (method: string, status: number, durationMs: number) => void;

/** Registers the request metrics in `registry`; the returned function is called once per request. */
export function registerRequestMetrics(registry: Registry, lifecycle: Lifecycle): RecordRequest {
  const requests = registry.counter({
    name: 'origin_requests_total',
    help: 'Requests answered, by method and status.',
    labelNames: ['method', 'status'],
  });
  const durations = registry
    .histogram({
      name: 'origin_request_duration_seconds',
      help: 'Time from arrival to the last byte of the answer.',
      buckets: latencyBucketsSeconds,
    })
    .labels();
  registry.gauge({
    name: 'origin_requests_in_flight',
    help: 'Requests from arrival to the last byte of the answer; an open WebSocket is one.',
    collect: (gauge) => gauge.labels().set(lifecycle.inFlight),
  });

  return (method, status, durationMs) => {
    requests.labels(method, String(status)).inc();
    durations.observe(durationMs / 1000);
  };
}
