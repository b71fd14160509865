import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerAnswer } from '@headgate/supervisor';
import { createRegistry, renderFamilies } from '@headgate/telemetry';
import { SharedMetrics } from './shared-metrics.ts';

/** Workers that count requests, and whether they were asked for all they have. */
function fleet() {
  const registries = new Map<number, ReturnType<typeof createRegistry>>();
  const asked: boolean[] = [];
  const metrics = new SharedMetrics({
    async ask({ isForScrape }) {
      asked.push(isForScrape);
      return [...registries].map(([worker, registry]): WorkerAnswer => {
        return { worker, ok: true, body: registry.read() };
      });
    },
    workers: () => new Map([['ready', registries.size]]),
  });
  return {
    metrics,
    asked,
    start(worker: number) {
      const registry = createRegistry();
      const counter = registry.counter({ name: 'requests_total', help: 'Requests.' });
      registries.set(worker, registry);
      return { count: (by: number) => counter.labels().inc(by), read: () => registry.read() };
    },
    end: (worker: number) => registries.delete(worker),
    async text() {
      return renderFamilies(await metrics.scrape());
    },
  };
}

test('a scrape adds up all workers, and says how many there are', async () => {
  const { start, text, asked } = fleet();
  start(1).count(2);
  start(2).count(3);
  const answer = await text();
  assert.match(answer, /^requests_total 5$/m);
  assert.match(answer, /^origin_workers\{state="ready"\} 2$/m);
  assert.deepEqual(asked, [true]);
});

test('what a worker counted up to its end stays counted', async () => {
  const { metrics, start, end, text } = fleet();
  const first = start(1);
  first.count(2);
  assert.match(await text(), /^requests_total 2$/m);
  first.count(1);
  metrics.counted(1, first.read());
  end(1);
  metrics.left(1);
  start(2).count(1);
  assert.match(await text(), /^requests_total 4$/m);
});

test('of a worker that was killed, what it had counted when it was last polled stays', async () => {
  const { metrics, start, end, text, asked } = fleet();
  const killed = start(1);
  killed.count(2);
  await metrics.poll();
  killed.count(5);
  end(1);
  metrics.left(1);
  assert.match(await text(), /^requests_total 2$/m);
  assert.deepEqual(asked, [false, true]);
});
