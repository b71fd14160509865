import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBench } from '../proxy.test-support.ts';

test('requests to a service for which nothing was found yet are answered 503', (t) => {
  const bench = createBench(t, {
    services: { items: { upstreams: [{ dns: 'http://items.test' }], subsetSize: 2 } },
    routes: [{ service: 'items' }],
  });
  const { record, attempts, page } = bench.ask({});
  assert.equal(record.status, 503);
  assert.deepEqual(attempts, []);
  assert.match(String(page?.body), /no upstream of items takes requests/);
});
