import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isTooShort, parseDeadlineMs, parseGrpcTimeoutMs } from './deadline.ts';

test('a deadline is too short when even the fastest upstream usually takes longer', () => {
  assert.equal(isTooShort(19, 20), true);
  assert.equal(isTooShort(20, 20), false);
  assert.equal(isTooShort(Number.POSITIVE_INFINITY, 20), false);
});

test('nothing is too short while no latency is known', () => {
  assert.equal(isTooShort(0, 0), false);
  assert.equal(isTooShort(-1, 0), false);
  assert.equal(isTooShort(1, Number.NaN), false);
});

test('headgate-deadline-ms is whole milliseconds of at most 9 digits', () => {
  assert.equal(parseDeadlineMs('0'), 0);
  assert.equal(parseDeadlineMs('1500'), 1_500);
  assert.equal(parseDeadlineMs('999999999'), 999_999_999);
  for (const wrong of [undefined, '', '1000000000', '-1', '1.5', '1e3', ' 5', '5 ', '0x5', '５']) {
    assert.equal(parseDeadlineMs(wrong), undefined, `${wrong}`);
  }
});

test('grpc-timeout is up to 8 digits and a unit, rounded up to milliseconds', () => {
  const cases: readonly [value: string, ms: number][] = [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['250m', 250],
    ['1000u', 1],
    ['1001u', 2],
    ['1n', 1],
    ['1000000n', 1],
    ['99999999n', 100],
    ['99999999H', 359_999_996_400_000],
    ['0S', 0],
  ];
  for (const [value, ms] of cases) assert.equal(parseGrpcTimeoutMs(value), ms, value);
});

test('any other grpc-timeout is none', () => {
  const wrong = [undefined, '', '5', 'S', '5s', '5h', '123456789S', '-1S', '1.5S', ' 1S', '1S\n'];
  for (const value of wrong) assert.equal(parseGrpcTimeoutMs(value), undefined, `${value}`);
});

test('property: whatever is sent, the result is a whole number of milliseconds or none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,9}[HMSmunx]?$/)), (value) => {
      for (const ms of [parseDeadlineMs(value), parseGrpcTimeoutMs(value)]) {
        assert.ok(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0));
      }
    }),
  );
});

test('property: a grpc-timeout is never cut short, nor longer by a millisecond', () => {
  const msPerUnit = { u: 1e-3, n: 1e-6 };
  const unit = fc.constantFrom('u' as const, 'n' as const);
  fc.assert(
    fc.property(fc.nat(99_999_999), unit, (count, of) => {
      const exactMs = count * msPerUnit[of];
      const ms = parseGrpcTimeoutMs(`${count}${of}`) as number;
      assert.ok(ms >= exactMs - 1e-6 && ms < exactMs + 1);
    }),
  );
});
