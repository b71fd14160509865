import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunState } from '../../live-run.ts';
import { fakeRun } from '../live-run.test-support.ts';
import { sampleRun } from '../sample-run.test-support.ts';
import { emptyRun, endOfSlices, flowNames, runOfResult, tellRun } from './run-data.ts';

const { slices, result } = sampleRun(3);
const { header } = fakeRun();

function marksOf(...states: Partial<RunState>[]) {
  const run = emptyRun(header);
  let state: RunState = { status: 'running', elapsedMs: 0, level: 10, scale: 1 };
  for (const change of states) {
    state = { ...state, ...change };
    tellRun(run, { kind: 'state', state });
  }
  return run.marks.map(({ atS, text }) => `${atS} ${text}`);
}

describe('what the page knows of a run', () => {
  it('has each second once, at its middle', () => {
    const run = emptyRun(header);
    for (const slice of slices) tellRun(run, { kind: 'slice', slice });
    assert.deepEqual(run.times, [0.5, 1.5, 2.5]);
    assert.equal(endOfSlices(run), 3);
    assert.equal(endOfSlices(emptyRun(header)), 0);
  });

  it('marks what somebody changed, and not what the load profile did', () => {
    assert.deepEqual(marksOf({}, { level: 20 }, { status: 'ending' }, { status: 'ended' }), []);
    assert.deepEqual(
      marksOf(
        { status: 'starting' },
        { status: 'running' },
        { scale: 1.234_5, elapsedMs: 2_500 },
        { status: 'paused', elapsedMs: 3_000 },
        { status: 'running', elapsedMs: 4_000 },
      ),
      ['2.5 load × 1.23', '3 paused', '4 resumed'],
    );
  });

  it('takes the words of the result once there is one', () => {
    const run = runOfResult({ ...result, interventions: ['12.4 s: rate × 2', 'no time'] });
    assert.deepEqual(run.marks, [{ atS: 12.4, text: 'rate × 2' }]);
    assert.equal(run.header.unit, 'per second');
    assert.equal(run.header.canScale, false);
    assert.equal(run.slices.length, 3);
  });

  it('tells flows from their steps', () => {
    assert.deepEqual(flowNames(result), ['browse', 'search', 'checkout']);
  });
});
