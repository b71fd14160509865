import assert from 'node:assert/strict';
import { test } from 'node:test';
import { haproxyHolding } from './haproxy.ts';
import { headgateOf } from './headgate.ts';
import { nginxOf } from './nginx.ts';

test('the counts of Headgate are those of its metrics, over all upstreams', () => {
  const page = [
    '# TYPE headgate_client_connections gauge',
    'headgate_client_connections 12',
    'headgate_upstream_in_flight{service="origins",upstream="http://127.0.0.2:1"} 3',
    'headgate_upstream_in_flight{service="origins",upstream="http://127.0.0.3:2"} 4',
    '',
  ].join('\n');
  assert.deepEqual(headgateOf(2).status.read(page), { inFlight: 7, connections: 12 });
  const workers = headgateOf(2).status.workers?.read(
    '{"workers":[{"id":1,"connections":6,"inFlight":3},{"id":2,"connections":6,"inFlight":4}]}',
  );
  assert.deepEqual(workers, [
    { connections: 6, inFlight: 3 },
    { connections: 6, inFlight: 4 },
  ]);
});

test('the counts of nginx are without whoever reads them', () => {
  const page = `Active connections: 13
server accepts handled requests
 20 20 40
Reading: 0 Writing: 8 Waiting: 5
`;
  assert.deepEqual(nginxOf(2).status.read(page), { inFlight: 7, connections: 12 });
});

test('the counts of HAProxy are those of its frontend and its backend', () => {
  const page = `# pxname,svname,qcur,qmax,scur,smax
edge,FRONTEND,,,12,20,
origins,origin0,0,0,3,9,
origins,BACKEND,0,0,7,9,
status,FRONTEND,,,1,1,
`;
  assert.deepEqual(haproxyHolding.status.read(page), { inFlight: 7, connections: 12 });
});

test('a page without the counts is not taken for zero', () => {
  for (const { status } of [headgateOf(2), nginxOf(2), haproxyHolding]) {
    assert.ok(Number.isNaN(status.read('not found').inFlight));
  }
});
