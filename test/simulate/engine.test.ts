import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from './engine.ts';
import { createStream } from './seeded-random.ts';

describe('the engine', () => {
  it('runs events in the order of time, those of one moment in the order they were asked for', () => {
    const engine = new Engine();
    const random = createStream(1, 'test');
    const expected: string[] = [];
    const seen: string[] = [];
    const timed = Array.from({ length: 500 }, (_, i) => ({ ms: Math.floor(random() * 50), i }));
    for (const { ms, i } of timed) {
      engine.at(ms, () => {
        assert.equal(engine.nowMs, ms);
        seen.push(`${ms}/${i}`);
      });
    }
    for (const { ms, i } of timed.toSorted((a, b) => a.ms - b.ms || a.i - b.i)) {
      expected.push(`${ms}/${i}`);
    }
    engine.run();
    assert.deepEqual(seen, expected);
  });

  it('runs nothing that was called off, nothing after its end, and the past at once', () => {
    const engine = new Engine();
    const seen: string[] = [];
    const never = engine.at(1, () => seen.push('never'));
    never.run = undefined;
    engine.at(5, () => engine.at(2, () => seen.push(`late at ${engine.nowMs}`)));
    engine.at(11, () => seen.push('after the end'));
    engine.run(10);
    assert.deepEqual(seen, ['late at 5']);
  });
});
