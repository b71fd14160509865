import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFrame, encodeFrame, type Frame } from './redis-frame.ts';

const wellFormed = fc.string({ unit: 'binary', maxLength: 50 });
const frame: fc.Arbitrary<Frame> = fc.record({
  stamp: fc.record({
    epoch: fc
      .uint8Array({ minLength: 8, maxLength: 8 })
      .map((it) => Buffer.from(it).toString('hex')),
    position: fc.maxSafeNat(),
  }),
  tags: fc.array(wellFormed, { maxLength: 10 }),
  value: fc.uint8Array({ maxLength: 300 }),
});

test('what goes in comes out', () => {
  fc.assert(
    fc.property(frame, (given) => {
      const { stamp, tags, value } = decodeFrame(encodeFrame(given));
      assert.deepEqual(
        { stamp, tags, value: new Uint8Array(value) },
        {
          ...given,
          stamp: { ...given.stamp },
        },
      );
    }),
  );
});

test('any bytes at all are a frame or an error that says why', () => {
  const readable = /^(it was not written by|its format is version|its position|it ends within)/;
  const check = (bytes: Uint8Array) => {
    try {
      const { tags, value } = decodeFrame(Buffer.from(bytes));
      assert.ok(value.byteLength <= bytes.byteLength && tags.length <= bytes.byteLength);
    } catch (error) {
      assert.ok(error instanceof Error);
      assert.match(error.message, readable);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), check), { numRuns: 500 });
  const damaged = fc
    .tuple(frame, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 5 }), fc.nat(400))
    .map(([given, changes, length]) => {
      const bytes = encodeFrame(given);
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      return bytes.subarray(0, Math.max(0, bytes.length - (length > 300 ? length - 300 : 0)));
    });
  fc.assert(fc.property(damaged, check), { numRuns: 2_000 });
});

test('a frame cut off within its head or its tags is refused', () => {
  const stamp = { epoch: '0123456789abcdef', position: 7 };
  const whole = encodeFrame({ stamp, tags: ['one', 'two'], value: new Uint8Array() });
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeFrame(whole.subarray(0, length)), Error, `${length} bytes`);
  }
  assert.deepEqual(decodeFrame(whole).tags, ['one', 'two']);
});

test('a later format is not guessed at', () => {
  const stamp = { epoch: '0123456789abcdef', position: 7 };
  const bytes = encodeFrame({ stamp, tags: [], value: Buffer.from('x') });
  bytes[2] = 2;
  assert.throws(() => decodeFrame(bytes), /format is version 2, not 1/);
});
