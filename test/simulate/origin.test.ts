import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from './engine.ts';
import { type Fault, Origin } from './origin.ts';

/** When each of some requests of 10 ms, sent at once at `fromMs`, was answered and how. */
function answersOf(workers: number, faults: readonly Fault[], count: number, fromMs = 0): string[] {
  const engine = new Engine();
  const origin = new Origin(engine, { key: 'a', workers, weight: 1, faults });
  const answers: string[] = [];
  engine.at(fromMs, () => {
    for (let i = 0; i < count; i++) {
      origin.serve(10, i / count, (answer) => answers.push(`${answer} at ${engine.nowMs}`));
    }
  });
  engine.run();
  assert.equal(origin.inFlight, 0);
  return answers;
}

describe('a simulated origin', () => {
  it('serves as many at once as it has workers, first come first served', () => {
    assert.deepEqual(answersOf(2, [], 3), ['good at 10', 'good at 10', 'good at 20']);
  });

  it('takes longer while it is slow', () => {
    const slow: Fault = { kind: 'slow', fromMs: 0, toMs: 5, factor: 3 };
    assert.deepEqual(answersOf(1, [slow], 2), ['good at 30', 'good at 40']);
  });

  it('works on nothing while it is paused, and loses nothing', () => {
    const pauses: Fault[] = [
      { kind: 'paused', fromMs: 4, toMs: 9 },
      { kind: 'paused', fromMs: 12, toMs: 20 },
    ];
    assert.deepEqual(answersOf(1, pauses, 1), ['good at 23']);
    assert.deepEqual(answersOf(1, pauses, 1, 5), ['good at 27']);
  });

  it('fails a share of its requests at once', () => {
    const failing: Fault = { kind: 'failing', fromMs: 0, toMs: 5, share: 0.5 };
    assert.deepEqual(answersOf(1, [failing], 2), ['error at 1', 'good at 10']);
  });

  it('refuses while it is down', () => {
    const down: Fault = { kind: 'down', fromMs: 0, toMs: 5 };
    assert.deepEqual(answersOf(1, [down], 1), ['refused at 1']);
    assert.deepEqual(answersOf(1, [down], 1, 5), ['good at 15']);
  });
});
