// Owns the numbers every origin publishes about its requests.
import {
  type CounterSeries,
  type HistogramSeries,
  latencyBucketsSeconds,
  type Registry,
} from '@headgate/telemetry';
import type { Lifecycle } from './lifecycle.ts';

/** Counts one finished request. */
export type RecordRequest = (
  method: string,
  status: number,
  /** The pattern of its route; undefined when none matched. */
  route: string | undefined,
  durationMs: number,
) => void;

/** Label of requests that no route was made for: their paths are for anybody to invent. */
const noRoute = 'none';

/** Registers the request metrics in `registry`; the returned function is called once per request. */
export function registerRequestMetrics(registry: Registry, lifecycle: Lifecycle): RecordRequest {
  const requests = registry.counter({
    name: 'origin_requests_total',
    help: 'Requests answered, by method and status.',
    labelNames: ['method', 'status'],
  });
  const durations = registry.histogram({
    name: 'origin_request_duration_seconds',
    help: 'Time from arrival to the last byte of the answer, by the pattern of the route.',
    labelNames: ['route'],
    buckets: latencyBucketsSeconds,
  });
  registry.gauge({
    name: 'origin_requests_in_flight',
    help: 'Requests from arrival to the last byte of the answer; an open WebSocket is one.',
    collect: (gauge) => gauge.labels().set(lifecycle.inFlight),
  });
  const countsOf = new Map<string, Map<number, CounterSeries>>();
  const durationsOf = new Map<string, HistogramSeries>();

  return (method, status, route = noRoute, durationMs) => {
    let counts = countsOf.get(method);
    if (counts === undefined) {
      counts = new Map();
      countsOf.set(method, counts);
    }
    let count = counts.get(status);
    if (count === undefined) {
      count = requests.labels(method, String(status));
      counts.set(status, count);
    }
    count.inc();
    let series = durationsOf.get(route);
    if (series === undefined) {
      series = durations.labels(route);
      durationsOf.set(route, series);
    }
    series.observe(durationMs / 1000);
  };
}
