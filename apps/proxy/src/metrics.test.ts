import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUpstream, type Upstream } from '@headgate/balancer';
import { createRegistry, MergedMetrics, renderFamilies } from '@headgate/telemetry';
import { createProxyMetrics } from './metrics.ts';
import type { Snapshot } from './snapshot.ts';

function upstream(key: string, inFlight: number, isHealthy?: boolean): Upstream {
  const made = createUpstream({ key });
  made.inFlight = inFlight;
  if (isHealthy !== undefined) made.health.observe(isHealthy, 'a test', 0);
  return made;
}

function createBench() {
  const services = new Map<string, unknown>();
  const registry = createRegistry();
  let inFlight = 0;
  const metrics = createProxyMetrics(
    registry,
    () => ({ services }) as unknown as Snapshot,
    () => inFlight,
  );
  return {
    metrics,
    registry,
    setInFlight(count: number) {
      inFlight = count;
    },
    /** Replaces what the snapshot has. */
    serve(name: string, upstreams: Upstream[], isPanicking = false, queued = 0) {
      services.clear();
      const balancer = { upstreams, isPanicking };
      services.set(name, { name, balancer, admission: { length: queued } });
    },
    /** The lines that are not zero and name `metric`, without its prefix. */
    lines: (metric: string) =>
      registry
        .render()
        .split('\n')
        .filter((line) => line.startsWith(`headgate_${metric}`))
        .map((line) => line.replace('headgate_', ''))
        .filter((line) => !line.endsWith(' 0')),
  };
}

describe('what is counted', () => {
  it('is every request, by service and status', () => {
    const { metrics, lines } = createBench();
    const items = metrics.forService('items');
    items.finished(200, 0.1);
    items.finished(200, 0.1);
    items.finished(503, 0.1);
    metrics.forService('users').finished(200, 0.1);
    metrics.unrouted.finished(404, 0.1);
    assert.deepEqual(lines('requests_total').sort(), [
      'requests_total{service="",status="404"} 1',
      'requests_total{service="items",status="200"} 2',
      'requests_total{service="items",status="503"} 1',
      'requests_total{service="users",status="200"} 1',
    ]);
    assert.deepEqual(lines('request_duration_seconds_count').sort(), [
      'request_duration_seconds_count{service=""} 1',
      'request_duration_seconds_count{service="items"} 3',
      'request_duration_seconds_count{service="users"} 1',
    ]);
  });

  it('goes on where a service of the same name is bound again', () => {
    const { metrics, lines } = createBench();
    for (let i = 0; i < 2; i++) metrics.forService('items').finished(200, 0.1);
    assert.deepEqual(lines('requests_total'), ['requests_total{service="items",status="200"} 2']);
  });

  it('is every attempt, by upstream and outcome', () => {
    const { metrics, lines } = createBench();
    const items = metrics.forService('items');
    items.attempted('http://a', 'answered');
    items.attempted('http://a', 'connect-failed');
    items.attempted('http://b', 'answered');
    items.attempted('http://b', 'answered');
    items.retried();
    items.hedged();
    assert.deepEqual(lines('upstream_attempts_total').sort(), [
      'upstream_attempts_total{service="items",upstream="http://a",outcome="answered"} 1',
      'upstream_attempts_total{service="items",upstream="http://a",outcome="connect-failed"} 1',
      'upstream_attempts_total{service="items",upstream="http://b",outcome="answered"} 2',
    ]);
    assert.deepEqual(lines('retries_total'), ['retries_total{service="items"} 1']);
    assert.deepEqual(lines('hedges_total'), ['hedges_total{service="items"} 1']);
  });

  it('is a request that was never taken, too', () => {
    const { metrics, lines } = createBench();
    metrics.refused(431);
    metrics.ended('route');
    assert.deepEqual(lines('requests_total'), ['requests_total{service="",status="431"} 1']);
    assert.deepEqual(lines('request_ends_total').sort(), [
      'request_ends_total{stage="guard"} 1',
      'request_ends_total{stage="route"} 1',
    ]);
  });

  it('is what is open, and every reload', () => {
    const { metrics, lines, setInFlight } = createBench();
    metrics.connectionOpened();
    metrics.connectionOpened();
    metrics.connectionClosed();
    setInFlight(3);
    assert.deepEqual(lines('in_flight'), ['in_flight 3']);
    assert.deepEqual(lines('client_connections'), ['client_connections 1']);
  });
});

describe('the gauges of upstreams', () => {
  it('tell about the snapshot of the moment, and nothing of the one before', () => {
    const { serve, lines } = createBench();
    serve('old', [upstream('http://a', 1, true)], true, 3);
    assert.deepEqual(lines('service_panicking'), ['service_panicking{service="old"} 1']);
    assert.deepEqual(lines('service_queued'), ['service_queued{service="old"} 3']);
    serve('new', [upstream('http://b', 2, false), upstream('http://c', 0)]);
    assert.deepEqual(lines('service_panicking'), []);
    assert.deepEqual(lines('upstream_in_flight'), [
      'upstream_in_flight{service="new",upstream="http://b"} 2',
    ]);
    assert.deepEqual(lines('upstream_healthy'), [
      'upstream_healthy{service="new",upstream="http://c"} 1',
    ]);
  });

  it('tell what has been learnt of them', () => {
    const { serve, lines } = createBench();
    const a = upstream('http://a', 0);
    a.limit = 7;
    a.latency.observe(20, false, 0);
    a.ejection.eject(0, () => 0.5);
    serve('items', [a, upstream('http://b', 0)]);
    assert.deepEqual(lines('upstream_ejected'), [
      'upstream_ejected{service="items",upstream="http://a"} 1',
    ]);
    assert.deepEqual(lines('upstream_limit').sort(), [
      'upstream_limit{service="items",upstream="http://a"} 7',
      'upstream_limit{service="items",upstream="http://b"} +Inf',
    ]);
    assert.match(lines('upstream_latency_seconds').join(), /http:\/\/a"} 0\.0(2|19{3})\d*$/);
  });
});

describe('the gauges of several workers', () => {
  it('are told as those of one edge: the load added up, of the rest the worst', () => {
    const merged = new MergedMetrics();
    const facts = [
      { inFlight: 2, isHealthy: true, isPanicking: false, queued: 1, limit: 5, latencyMs: 20 },
      { inFlight: 3, isHealthy: false, isPanicking: true, queued: 4, limit: 7, latencyMs: 40 },
    ];
    for (const [worker, fact] of facts.entries()) {
      const { metrics, registry, serve, setInFlight } = createBench();
      const a = upstream('http://a', fact.inFlight, fact.isHealthy);
      a.limit = fact.limit;
      a.latency.observe(fact.latencyMs, false, 0);
      if (fact.isPanicking) a.ejection.eject(0, () => 0.5);
      // One worker alone has had an answer from this one.
      const b = upstream('http://b', 0);
      if (worker === 0) b.latency.observe(20, false, 0);
      serve('items', [a, b], fact.isPanicking, fact.queued);
      setInFlight(fact.inFlight);
      metrics.connectionOpened();
      merged.answered(worker, registry.read());
    }
    const text = renderFamilies(merged.families());
    const value = (sample: string) => {
      const line = text.split('\n').find((one) => one.startsWith(`headgate_${sample} `));
      return line === undefined ? undefined : Number(line.split(' ')[1]);
    };
    const ofA = '{service="items",upstream="http://a"}';
    assert.equal(value('in_flight'), 5);
    assert.equal(value('client_connections'), 2);
    assert.equal(value(`upstream_in_flight${ofA}`), 5);
    assert.equal(value(`upstream_healthy${ofA}`), 0);
    assert.equal(value(`upstream_ejected${ofA}`), 1);
    assert.equal(value(`upstream_limit${ofA}`), 12);
    assert.equal(value('service_panicking{service="items"}'), 1);
    assert.equal(value('service_queued{service="items"}'), 5);
    assert.ok(Math.abs((value(`upstream_latency_seconds${ofA}`) ?? 0) - 0.03) < 1e-9);
    const ofB = '{service="items",upstream="http://b"}';
    assert.ok(Math.abs((value(`upstream_latency_seconds${ofB}`) ?? 0) - 0.02) < 1e-9);
  });
});
