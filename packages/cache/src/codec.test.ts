import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesCodec, jsonCodec } from './codec.ts';

test('every JSON value comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const expected = JSON.parse(JSON.stringify(value));
      assert.deepEqual(jsonCodec.decode(jsonCodec.encode(value)), expected);
    }),
  );
});

test('what JSON cannot carry is refused', () => {
  for (const value of [undefined, () => 1, Symbol('x'), 1n]) {
    assert.throws(() => jsonCodec.encode(value), TypeError);
  }
});

test('bytes that are not JSON in UTF-8 are refused', () => {
  for (const bytes of [[], [0x7b], [0x22, 0xff, 0x22]]) {
    assert.throws(() => jsonCodec.decode(Uint8Array.from(bytes)));
  }
});

test('bytes pass as they are, and nothing else does', () => {
  const bytes = Uint8Array.of(0, 255, 10);
  assert.equal(bytesCodec.decode(bytesCodec.encode(bytes)), bytes);
  assert.throws(() => bytesCodec.encode('text'), TypeError);
});
