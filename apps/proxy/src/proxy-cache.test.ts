/** The life of a request by a route that caches, without sockets. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCounts } from './edge-cache/counts.ts';
import { EdgeCache } from './edge-cache/edge-cache.ts';
import { PaperClient } from './edge-cache/paper-client.test-support.ts';
import { PaperFetch } from './edge-cache/paper-fetch.test-support.ts';
import { fieldsOf } from './fields.test-support.ts';
import {
  type Asked,
  createBench,
  end,
  headOf,
  ok,
  over,
  TestCarrier,
} from './proxy.test-support.ts';
import type { Edge } from './proxy.ts';
import { serve } from './proxy.ts';

/** A client the edge can answer by itself. */
class AnsweredCarrier extends TestCarrier {
  readonly client = new PaperClient();
  override readonly writer = this.client;
}

function createCachingBench(t: TestContext) {
  const bench = createBench(t, {
    routes: [{ match: { path: '/items' }, service: 'items', cache: true }],
  });
  const fetches: PaperFetch[] = [];
  const announced: string[] = [];
  const cache = new EdgeCache(
    { maxSizeBytes: 1_000_000, store: undefined, maxEntryBytes: 0 },
    {
      counts: createCounts(),
      now: bench.clock.now,
      epochMs: () => 0,
      fetch: (record, request, carrier) => fetches.push(new PaperFetch(record, request, carrier)),
      announce: (keys) => announced.push(...keys),
    },
  );
  const edge: Edge = { ...bench.edge, cache };
  return {
    bench,
    edge,
    cache,
    fetches,
    announced,
    ask(asked: Asked = {}) {
      const carrier = new AnsweredCarrier(asked, undefined, (_order, listener) => {
        listener.answered(200, fieldsOf('Cache-Control: no-store'));
        end(listener, ok);
        return over;
      });
      serve(edge, headOf(asked), carrier);
      return carrier;
    },
  };
}

test('the time a request has waited in the cache is no time an upstream took', (t) => {
  const { ask, fetches, bench, edge } = createCachingBench(t);
  const service = bench.edge.snapshot().services.get('items');
  assert.ok(service);
  const acquire = t.mock.method(service.balancer, 'acquire');
  const [leader, other] = [ask(), ask()];
  bench.clock.pass(5_000);
  fetches[0]?.answer(200, ['Cache-Control: no-store'], 'mine');
  assert.equal(leader.client.body, 'mine');
  assert.equal(other.isFinished, true);
  assert.equal(acquire.mock.callCount(), 1);
  assert.equal(acquire.mock.calls[0]?.arguments[0].nowMs, bench.clock.now());
  assert.equal(edge.inFlight, 0);
});

test('a request that waits in the cache ends with its client, and with its time', (t) => {
  const { ask, fetches, bench, cache, edge } = createCachingBench(t);
  const lines = ['Host: example.com'];
  const carrier = ask({ lines });
  carrier.life?.cancel('client-gone', 'it has gone');
  assert.equal(carrier.isFinished, true);
  assert.equal(fetches[0]?.upstream.isDestroyed, true);
  assert.equal(bench.finished.at(-1)?.status, 499);
  const late = ask();
  late.life?.cancel('total-timeout', 'too long');
  assert.equal(late.page?.status, 504);
  assert.equal(cache.flightCount, 0);
  assert.equal(edge.inFlight, 0);
});

test('what the cache cannot make of an answer does not cost the answer', (t) => {
  const { ask, bench, edge } = createCachingBench(t);
  const defect = new Error('nobody can tell what this makes invalid');
  const { router } = bench.edge.snapshot();
  const match = router.match.bind(router);
  t.mock.method(router, 'match', (asked: Parameters<typeof match>[0]) => {
    // It is asked once more with the answer: which route may have kept what is invalid now.
    if (asked.method === 'GET') throw defect;
    return match(asked);
  });
  const carrier = ask({ method: 'POST' });
  assert.equal(carrier.isFinished, true);
  const record = bench.finished.at(-1);
  assert.equal(record?.status, 200);
  assert.equal(record?.error, defect);
  assert.equal(edge.inFlight, 0);
});

test('a request whose answer cannot be made is answered with an error page, once', (t) => {
  const { ask, cache, bench, edge } = createCachingBench(t);
  t.mock.method(cache.memory, 'find', () => {
    throw new Error('no memory');
  });
  const carrier = ask();
  assert.equal(carrier.page?.status, 500);
  assert.equal(carrier.isFinished, true);
  assert.equal(bench.finished.length, 1);
  assert.equal(edge.inFlight, 0);
});

test('a waiting request for which something breaks is answered with an error page, once', (t) => {
  const { ask, fetches, cache, bench, edge } = createCachingBench(t);
  const carriers = [ask(), ask()];
  t.mock.method(cache.memory, 'place', () => {
    throw new Error('no memory');
  });
  fetches[0]?.answer(200, ['Cache-Control: max-age=60'], 'body');
  for (const carrier of carriers) {
    assert.equal(carrier.page?.status, 500);
    assert.equal(carrier.isFinished, true);
  }
  assert.equal(bench.finished.length, 2);
  assert.equal(cache.flightCount, 0);
  assert.equal(edge.inFlight, 0);
});
