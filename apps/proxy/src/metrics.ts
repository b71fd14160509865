/** The names of everything the edge counts, in one table, and the counters bound to a service. */
import type { Upstream } from '@headgate/balancer';
import {
  type Counter,
  type CounterSeries,
  type Histogram,
  latencyBucketsSeconds,
  type MergeRule,
  type Registry,
} from '@headgate/telemetry';
import type { Stage } from './request.ts';
import type { ServiceRuntime, Snapshot } from './snapshot.ts';

export interface ProxyMetrics {
  /** A request that ended without reaching a service. */
  readonly unrouted: ServiceMetrics;
  forService(service: string): ServiceMetrics;
  ended(stage: Stage): void;
  /** A request whose head or start was not taken, answered with this status. */
  refused(status: number): void;
  connectionOpened(): void;
  connectionClosed(): void;
}

export interface ServiceMetrics {
  finished(status: number, durationSeconds: number): void;
  attempted(upstream: string, outcome: string): void;
  retried(): void;
  hedged(): void;
}

/**
 * Registers the edge's metrics; gauges read `snapshot()` and `inFlight()`, the requests being served
 * over all services, when they are scraped. Each gauge says what it is for several workers together.
 */
export function createProxyMetrics(
  registry: Registry,
  snapshot: () => Snapshot,
  inFlight: () => number,
): ProxyMetrics {
  const requests = registry.counter({
    name: 'headgate_requests_total',
    help: 'Requests answered, by service and status.',
    labelNames: ['service', 'status'],
  });
  const duration = registry.histogram({
    name: 'headgate_request_duration_seconds',
    help: 'From the request head to the last byte of the answer taken from the upstream.',
    labelNames: ['service'],
    buckets: latencyBucketsSeconds,
  });
  const attempts = registry.counter({
    name: 'headgate_upstream_attempts_total',
    help: 'Attempts by upstream and how they ended.',
    labelNames: ['service', 'upstream', 'outcome'],
  });
  const retries = registry.counter({
    name: 'headgate_retries_total',
    help: 'Attempts made after a first one had failed.',
    labelNames: ['service'],
  });
  const hedges = registry.counter({
    name: 'headgate_hedges_total',
    help: 'Second attempts made because the first was late.',
    labelNames: ['service'],
  });
  const ends = registry.counter({
    name: 'headgate_request_ends_total',
    help: 'Requests by the last stage that decided about them.',
    labelNames: ['stage'],
  });
  const connections = registry
    .gauge({ name: 'headgate_client_connections', help: 'Open client connections.', merge: 'sum' })
    .labels();
  registry.gauge({
    name: 'headgate_in_flight',
    help: 'Requests being served now, over all services.',
    merge: 'sum',
    collect: (gauge) => gauge.labels().set(inFlight()),
  });
  registerUpstreamGauges(registry, snapshot);

  const unrouted = bind('', requests, duration, attempts, retries, hedges);
  const byStage = new Map<Stage, CounterSeries>();
  const ended = (stage: Stage) => {
    let counter = byStage.get(stage);
    if (!counter) {
      counter = ends.labels(stage);
      byStage.set(stage, counter);
    }
    counter.inc();
  };

  return {
    unrouted,
    forService: (service) => bind(service, requests, duration, attempts, retries, hedges),
    ended,
    refused(status) {
      unrouted.finished(status, 0);
      ended('guard');
    },
    connectionOpened: () => connections.inc(),
    connectionClosed: () => connections.dec(),
  };
}

function bind(
  service: string,
  requests: Counter,
  duration: Histogram,
  attempts: Counter,
  retries: Counter,
  hedges: Counter,
): ServiceMetrics {
  const byStatus = new Map<number, CounterSeries>();
  const byUpstream = new Map<string, Map<string, CounterSeries>>();
  const durations = duration.labels(service);
  const retried = retries.labels(service);
  const hedged = hedges.labels(service);
  return {
    finished(status, durationSeconds) {
      let counter = byStatus.get(status);
      if (!counter) {
        counter = requests.labels(service, String(status));
        byStatus.set(status, counter);
      }
      counter.inc();
      durations.observe(durationSeconds);
    },
    attempted(upstream, outcome) {
      let byOutcome = byUpstream.get(upstream);
      if (!byOutcome) {
        byOutcome = new Map();
        byUpstream.set(upstream, byOutcome);
      }
      let counter = byOutcome.get(outcome);
      if (!counter) {
        counter = attempts.labels(service, upstream, outcome);
        byOutcome.set(outcome, counter);
      }
      counter.inc();
    },
    retried: () => retried.inc(),
    hedged: () => hedged.inc(),
  };
}

function registerUpstreamGauges(registry: Registry, snapshot: () => Snapshot): void {
  const labelNames = ['service', 'upstream'];
  /** Without a value an upstream has no series. */
  const upstreamGauge = (
    name: string,
    help: string,
    merge: MergeRule,
    read: (upstream: Upstream) => number | undefined,
  ) => {
    registry.gauge({
      name,
      help,
      labelNames,
      merge,
      collect(gauge) {
        gauge.clear();
        eachUpstream(snapshot(), (service, upstream) => {
          const value = read(upstream);
          if (value !== undefined) gauge.labels(service, upstream.key).set(value);
        });
      },
    });
  };
  upstreamGauge(
    'headgate_upstream_in_flight',
    'Requests in flight to an upstream, to the end of the body.',
    'sum',
    ({ inFlight }) => inFlight,
  );
  upstreamGauge(
    'headgate_upstream_healthy',
    '1 unless active checks found the upstream unhealthy.',
    'min',
    ({ health }) => (health.verdict === 'unhealthy' ? 0 : 1),
  );
  upstreamGauge(
    'headgate_upstream_ejected',
    '1 while an upstream is out because of the answers it gave.',
    'max',
    ({ ejection }) => (ejection.presence === 'out' ? 1 : 0),
  );
  upstreamGauge(
    'headgate_upstream_limit',
    'Requests an upstream may keep waiting at once; +Inf without a limit.',
    'sum',
    ({ limit }) => limit,
  );
  upstreamGauge(
    'headgate_upstream_latency_seconds',
    'Typical time to the first byte of an answer, lately; nothing before the first answer.',
    'mean',
    ({ latency }) => (latency.answers > 0 ? Math.exp(latency.lnMs) / 1_000 : undefined),
  );
  const serviceGauge = (
    name: string,
    help: string,
    merge: MergeRule,
    read: (service: ServiceRuntime) => number,
  ) => {
    registry.gauge({
      name,
      help,
      labelNames: ['service'],
      merge,
      collect(gauge) {
        gauge.clear();
        for (const service of snapshot().services.values()) {
          gauge.labels(service.name).set(read(service));
        }
      },
    });
  };
  serviceGauge(
    'headgate_service_panicking',
    '1 while so many upstreams look bad that health is ignored.',
    'max',
    ({ balancer }) => (balancer.isPanicking ? 1 : 0),
  );
  serviceGauge(
    'headgate_service_queued',
    'Requests that wait because all upstreams are full.',
    'sum',
    ({ admission }) => admission.length,
  );
}

function eachUpstream(
  snapshot: Snapshot,
  visit: (service: string, upstream: Upstream) => void,
): void {
  for (const service of snapshot.services.values()) {
    for (const upstream of service.balancer.upstreams) visit(service.name, upstream);
  }
}
