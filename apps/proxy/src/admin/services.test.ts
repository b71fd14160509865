import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUpstream, note, type Upstream } from '@headgate/balancer';
import type { Snapshot } from '../snapshot.ts';
import { describeServices } from './services.ts';

/** A snapshot with one service that has this upstream. */
function serving(upstream: Upstream): Snapshot {
  const service = {
    name: 'app',
    config: { policy: 'random' },
    balancer: { inFlight: 0, isPanicking: false, upstreams: [upstream] },
    admission: { length: 0, shed: 0 },
  };
  return { services: new Map([['app', service]]) } as unknown as Snapshot;
}

function only(snapshot: Snapshot, clockOriginMs?: number) {
  return describeServices(snapshot, clockOriginMs).services[0]?.upstreams[0];
}

test('the history of an upstream tells when by the clock that all processes share', () => {
  const upstream = createUpstream({ key: 'http://a' });
  note(upstream, { what: 'slow', reason: 'twice as slow as others', atMs: 250.4 });
  const entry = { what: 'slow', reason: 'twice as slow as others', at: 1_000_250, workers: 1 };
  assert.deepEqual(only(serving(upstream), 1_000_000)?.history, [entry]);
});

test('without another clock, it is the one this process started with', () => {
  const upstream = createUpstream({ key: 'http://a' });
  note(upstream, { what: 'slow', reason: 'why', atMs: performance.now() });
  const at = only(serving(upstream))?.history[0]?.at ?? 0;
  assert.ok(Math.abs(at - Date.now()) < 60_000, `${at}`);
});

test('what has not been learnt yet is not told', () => {
  const upstream = createUpstream({ key: 'http://a' });
  const before = only(serving(upstream));
  assert.deepEqual([before?.limit, before?.latencyMs], [undefined, undefined]);
  upstream.limit = 4;
  upstream.latency.observe(20, false, 0);
  const after = only(serving(upstream));
  assert.deepEqual([after?.limit, after?.latencyMs], [4, 20]);
});
