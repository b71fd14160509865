import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Answer,
  hasSameRecords,
  type Known,
  learn,
  nextDelayMs,
  nothingKnown,
} from './known.ts';

const lifetimes = { minTtl: 1_000, maxTtl: 60_000, hold: 30_000 };
const gone: Answer<string> = { kind: 'gone', reason: 'no such name' };
const failed: Answer<string> = { kind: 'failed', reason: 'no answer' };

function found(records: readonly string[], ttlMs?: number): Answer<string> {
  return { kind: 'found', records, ttlMs };
}

function knowing(...records: string[]): Known<string> {
  return learn(nothingKnown, found(records, 5_000), lifetimes, 0);
}

describe('what is known of a name', () => {
  it('does not depend on the order of the records, nor on saying one twice', () => {
    assert.deepEqual(knowing('b', 'a', 'b').records, ['a', 'b']);
    assert.ok(hasSameRecords(knowing('a', 'b'), knowing('b', 'a')));
    assert.ok(!hasSameRecords(knowing('a', 'b'), knowing('a')));
  });

  it('stays through failures, however long they last', () => {
    let known = knowing('a');
    for (let i = 1; i < 100; i++) known = learn(known, failed, lifetimes, i * 60_000);
    assert.deepEqual(known.records, ['a']);
    assert.equal(known.reason, 'no answer');
  });

  it('is held for a while when the name is gone, and then given up', () => {
    const early = learn(knowing('a'), gone, lifetimes, 10_000);
    assert.deepEqual(early.records, ['a']);
    const late = learn(early, gone, lifetimes, 39_999);
    assert.deepEqual(late.records, ['a']);
    assert.deepEqual(learn(late, gone, lifetimes, 40_000).records, []);
  });

  it('begins to be held anew when the name came back meanwhile', () => {
    const away = learn(knowing('a'), gone, lifetimes, 0);
    const back = learn(away, found(['a'], 5_000), lifetimes, 29_000);
    assert.deepEqual(learn(back, gone, lifetimes, 31_000).records, ['a']);
  });

  it('is given up at once where nothing is held', () => {
    assert.deepEqual(learn(knowing('a'), gone, { ...lifetimes, hold: 0 }, 9).records, []);
  });
});

describe('the time until a name is asked for again', () => {
  const middle = () => 0.5;

  it('is what the records say, within the limits of the configuration', () => {
    for (const [ttlMs, delayMs] of [
      [0, 1_000],
      [5_000, 5_000],
      [600_000, 60_000],
    ] as const) {
      const known = learn(nothingKnown, found(['a'], ttlMs), lifetimes, 0);
      assert.equal(nextDelayMs(known, lifetimes, 0, middle), delayMs);
    }
    const unsaid = learn(nothingKnown, found(['a']), lifetimes, 0);
    assert.equal(nextDelayMs(unsaid, lifetimes, 0, middle), 1_000);
  });

  it('varies by a tenth', () => {
    assert.equal(Math.round(nextDelayMs(knowing('a'), lifetimes, 0, () => 0)), 4_500);
    assert.equal(Math.round(nextDelayMs(knowing('a'), lifetimes, 0, () => 1)), 5_500);
  });

  it('is short after a failure and doubles with each further one', () => {
    let known = learn(nothingKnown, found(['a'], 60_000), lifetimes, 0);
    const delays = [];
    for (let i = 0; i < 8; i++) {
      known = learn(known, failed, lifetimes, 0);
      delays.push(nextDelayMs(known, lifetimes, 0, middle));
    }
    assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('ends where the hold does', () => {
    let known = knowing('a');
    for (let i = 0; i < 9; i++) known = learn(known, gone, lifetimes, 0);
    assert.equal(nextDelayMs(known, lifetimes, 25_000, middle), 5_000);
  });

  it('is never so short that a server is asked all the time', () => {
    const answer = fc.oneof(
      fc.constant(gone),
      fc.constant(failed),
      fc.record({ records: fc.array(fc.string()), ttlMs: fc.nat() }).map(({ records, ttlMs }) => {
        return found(records, ttlMs);
      }),
    );
    const steps = fc.array(
      fc.record({ answer, random: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        let known: Known<string> = nothingKnown;
        let nowMs = 0;
        let asked = 0;
        for (const { answer, random } of all) {
          known = learn(known, answer, lifetimes, nowMs);
          const delayMs = nextDelayMs(known, lifetimes, nowMs, () => random);
          assert.ok(delayMs > 0 && delayMs <= 66_000, String(delayMs));
          nowMs += delayMs;
          asked++;
        }
        // The end of a hold may come at any time, but only once in a while.
        assert.ok(asked <= nowMs / 900 + nowMs / lifetimes.hold + 1);
      }),
    );
  });
});
