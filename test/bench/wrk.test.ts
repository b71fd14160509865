import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk } from './wrk.ts';

const report = (extra = '', p99 = '6.51ms') => `Running 3s test @ http://127.0.0.1:18000/small
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.06ms    1.01ms  21.30ms   92.16%
    Req/Sec    31.72k     2.71k   36.96k    70.00%
  Latency Distribution
     50%  812.00us
     75%    2.24ms
     90%    2.72ms
     99%    ${p99}
  94678 requests in 3.00s, 22.13MB read
${extra}Requests/sec:  31541.26
Transfer/sec:      7.37MB
`;

test('requests, rate and latencies are read in one unit', () => {
  assert.deepEqual(parseWrk(report()), {
    requests: 94678,
    requestsPerSecond: 31541.26,
    p50Us: 812,
    p99Us: 6510,
    complaint: undefined,
  });
});

test('seconds and minutes are latencies too; wrk prints a space behind them', () => {
  assert.equal(parseWrk(report('', '1.25s ')).p99Us, 1_250_000);
  assert.equal(parseWrk(report('', '1.50m ')).p99Us, 90_000_000);
});

test('failed sockets and answers that are not 2xx are complaints', () => {
  const sockets = '  Socket errors: connect 0, read 3, write 0, timeout 1\n';
  const answers = '  Non-2xx or 3xx responses: 12\n';
  assert.equal(
    parseWrk(report(sockets + answers)).complaint,
    'Socket errors: connect 0, read 3, write 0, timeout 1; Non-2xx or 3xx responses: 12',
  );
});

test('output without a report is an error that shows the output', () => {
  assert.throws(() => parseWrk('unable to connect'), /no requests:\nunable to connect/);
});
