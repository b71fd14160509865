import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstPicks, formatMetric, unitOf } from './metric-units.ts';

describe('metrics of the system under test', () => {
  it('have the unit their name ends in', () => {
    assert.equal(unitOf('headgate_requests_total{status="200"}'), 'per second');
    assert.equal(unitOf('headgate_in_flight{service="a_total"}'), 'count');
    assert.equal(unitOf('process_cpu_seconds_total'), 'cores');
    assert.equal(unitOf('process_resident_memory_bytes'), 'bytes');
    assert.equal(unitOf('headgate_sent_bytes_total'), 'bytes per second');
    assert.equal(unitOf('nodejs_eventloop_lag_seconds'), 'seconds');
    assert.equal(formatMetric('bytes per second', 2_048), '2 KiB/s');
    assert.equal(formatMetric('seconds', 0.25), '250 ms');
    assert.equal(formatMetric('per second', null), '–');
  });

  it('are chosen at first by name, and among many by how much they do', () => {
    const picks = firstPicks({
      'requests_total{service="idle"}': 0,
      'requests_total{service="busy"}': 900,
      'requests_total{service="some"}': 5,
      'other{note="cpu"}': 10,
      in_flight: 3,
      process_resident_memory_bytes: 1e8,
    });
    assert.deepEqual(picks, [
      'in_flight',
      'requests_total{service="busy"}',
      'requests_total{service="some"}',
      'process_resident_memory_bytes',
    ]);
    assert.deepEqual(firstPicks({}), []);
  });
});
