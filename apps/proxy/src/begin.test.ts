import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { begin } from './begin.ts';
import { createBench, headOf, ok, over, sentField, TestCarrier } from './proxy.test-support.ts';

const TRUSTED = '10.0.0.1';
const STRANGER = '192.0.2.1';

function deadlineOf(t: TestContext, peer: string, ...lines: string[]): number {
  const { edge } = createBench(t, { trustedProxies: ['10.0.0.0/8'] });
  const asked = { peer, lines: ['Host: a', ...lines] };
  const record = begin(edge, headOf(asked), new TestCarrier(asked, undefined, () => over));
  return record.deadlineMs - record.startedMs;
}

describe('how long a client waits', () => {
  for (const [lines, expectedMs] of [
    [['headgate-deadline-ms: 250'], 250],
    [['HEADGATE-Deadline-Ms: 0'], 0],
    [['grpc-timeout: 2S'], 2_000],
    [['headgate-deadline-ms: 250', 'grpc-timeout: 100m'], 100],
    [['headgate-deadline-ms: 250', 'grpc-timeout: 1H'], 250],
    [['headgate-deadline-ms: soon'], Number.POSITIVE_INFINITY],
    [['headgate-deadline-ms: -1'], Number.POSITIVE_INFINITY],
    [[], Number.POSITIVE_INFINITY],
  ] as const) {
    it(`is ${expectedMs} ms when a trusted peer says ${lines.join(' and ') || 'nothing'}`, (t) => {
      assert.equal(deadlineOf(t, TRUSTED, ...lines), expectedMs);
    });

    it(`is anybody's guess when a stranger says ${lines.join(' and ') || 'nothing'}`, (t) => {
      assert.equal(deadlineOf(t, STRANGER, ...lines), Number.POSITIVE_INFINITY);
    });
  }

  for (const peer of [TRUSTED, STRANGER]) {
    it(`is told upstreams by the edge alone, whatever ${peer} says`, (t) => {
      const bench = createBench(t, { trustedProxies: ['10.0.0.0/8'] });
      const lines = ['Host: a', 'headgate-deadline-ms: 250', 'headgate-priority: high'];
      const { request } = bench.ask({ peer, lines }, ok);
      assert.equal(sentField(request, 'headgate-deadline-ms'), undefined);
      assert.equal(sentField(request, 'headgate-priority'), undefined);
    });
  }
});
