import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesCodec, jsonCodec } from './codec.ts';
import { cacheCodec, isKept, type Kept } from './kept.ts';

const times = { staleMs: 1_000.5, loadMs: 7 };

test('what a cache keeps passes through its codec, whatever the codec of its values', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.float({ min: 0, noNaN: true }), (value, staleMs) => {
      const codec = cacheCodec(bytesCodec);
      const kept: Kept = { value, staleMs, loadMs: 3 };
      // At an odd place in a larger buffer, as bytes from a socket are.
      const frame = Buffer.concat([Buffer.from('x'), codec.encode(kept)]).subarray(1);
      const decoded = codec.decode(frame) as Kept;
      assert.deepEqual(new Uint8Array(decoded.value as Uint8Array), value);
      assert.deepEqual([decoded.staleMs, decoded.loadMs], [staleMs, 3]);
    }),
  );
  const codec = cacheCodec(jsonCodec);
  assert.deepEqual(codec.decode(codec.encode({ value: null, ...times })), {
    value: null,
    ...times,
  });
});

test('that there is nothing passes as well, through any codec', () => {
  for (const codec of [cacheCodec(bytesCodec), cacheCodec(jsonCodec), jsonCodec]) {
    const decoded = codec.decode(codec.encode({ value: undefined, ...times }));
    assert.deepEqual(decoded, times);
    assert.equal(isKept(decoded), true);
  }
});

test('what is not a frame is refused, or is not what a cache keeps', () => {
  const codec = cacheCodec(bytesCodec);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      let decoded: unknown;
      try {
        decoded = codec.decode(bytes);
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return;
      }
      assert.ok(bytes.length >= 17 && (bytes[0] === 0 || bytes[0] === 1));
      assert.equal(typeof isKept(decoded), 'boolean');
    }),
  );
  assert.throws(() => codec.encode(Uint8Array.of(1)), TypeError);
});
