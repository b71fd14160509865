import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PrimaryHistory } from './replica-lag.ts';
import { parsePosition, positionOf } from './replica-position.ts';

test('a place in the log is read as its bytes, and nothing else is one', () => {
  assert.equal(parsePosition('0/16B3748'), 0x16b3748n);
  assert.equal(parsePosition('A/0'), 0xa_0000_0000n);
  assert.equal(parsePosition('ffffffff/FFFFFFFF'), 2n ** 64n - 1n);
  for (const text of [
    '',
    '0',
    '0/',
    '/0',
    '0/1/2',
    '0/123456789',
    ' 0/1',
    '0/1\n',
    '0x1/2',
    '-1/0',
  ]) {
    assert.equal(parsePosition(text), undefined);
    assert.throws(() => positionOf(text), TypeError);
  }
});

test('a replica is as late as the oldest thing it lacks', () => {
  const history = new PrimaryHistory(10_000);
  history.note(100n, 0);
  history.note(200n, 1_000);
  history.note(300n, 2_000);
  assert.deepEqual([history.lagMs(300n, 2_100), history.lagBytes(300n)], [0, 0]);
  assert.deepEqual([history.lagMs(299n, 2_100), history.lagBytes(299n)], [1_100, 1]);
  assert.deepEqual([history.lagMs(150n, 2_100), history.lagBytes(150n)], [2_100, 150]);
  assert.equal(history.lagMs(99n, 2_100), Number.POSITIVE_INFINITY);
});

test('a primary at rest makes nobody late', () => {
  const history = new PrimaryHistory(1_000);
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 200) history.note(100n, nowMs);
  assert.equal(history.lagMs(100n, 60_100), 0);
  history.note(101n, 60_200);
  assert.equal(history.lagMs(100n, 60_300), 300);
});

test('nobody is late while the primary is unknown, or has become another', () => {
  const history = new PrimaryHistory(1_000);
  assert.deepEqual([history.lagMs(1n, 0), history.lagBytes(1n)], [0, 0]);
  history.note(500n, 0);
  history.note(400n, 100);
  assert.deepEqual([history.lagMs(400n, 200), history.latest], [0, 400n]);
});

test('the lag is never less than the truth, nor more by longer than between two samples', () => {
  const writes = fc.array(
    fc.record({ afterMs: fc.integer({ min: 1, max: 50 }), bytes: fc.nat(9) }),
    {
      minLength: 1,
      maxLength: 100,
    },
  );
  fc.assert(
    fc.property(writes, fc.nat(), (steps, cut) => {
      const history = new PrimaryHistory(1_000_000);
      const log: { position: bigint; atMs: number }[] = [];
      let [nowMs, position] = [0, 0n];
      history.note(position, nowMs);
      for (const { afterMs, bytes } of steps) {
        nowMs += afterMs;
        position += BigInt(bytes);
        log.push({ position, atMs: nowMs });
        history.note(position, nowMs);
      }
      const replayed = BigInt(cut % (Number(position) + 1));
      const missing = log.find((one) => one.position > replayed);
      const trueMs = missing === undefined ? 0 : nowMs - missing.atMs;
      const lagMs = history.lagMs(replayed, nowMs);
      assert.ok(lagMs >= trueMs && lagMs <= trueMs + 50, `${lagMs} for ${trueMs}`);
    }),
  );
});
