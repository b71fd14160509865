import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldLines } from '@headgate/http1';
import fc from 'fast-check';
import { ageOf } from './entry.ts';
import { LINES, storedAnswer, terms } from './stored-answer.test-support.ts';
import { decodeKept, encodeAnswer, encodePass, encodeSignpost } from './stored-bytes.ts';

const LIFE_MS = 90_000;

function decoded(bytes: Uint8Array, leftMs = LIFE_MS, nowMs = 500) {
  const kept = decodeKept(bytes, leftMs, nowMs);
  assert.ok(kept?.kind === 'answer');
  return kept;
}

test('an answer comes back as it was kept, whatever its bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(10), (body, padding) => {
      const lines = 'x-latin: \xe9\xff\r\n' as FieldLines;
      const answer = storedAnswer({
        status: 404,
        reason: 'Not Found',
        terms: terms({
          lines,
          tags: ['a'],
          vary: ['x-a'],
          lifetimeMs: 5_000,
          dateMs: 77,
          lastModified: 'then',
        }),
        lines,
        bytes: Buffer.from(body),
      });
      const encoded = encodeAnswer(answer, 0, LIFE_MS);
      // As it lies in what a socket has delivered.
      const around = new Uint8Array(encoded.length + 2 * padding);
      around.set(encoded, padding);
      const kept = decoded(around.subarray(padding, padding + encoded.length));
      assert.equal(kept.status, 404);
      assert.equal(kept.reason, 'Not Found');
      assert.equal(kept.lines, lines);
      assert.deepEqual(kept.terms, { ...answer.terms, ageMs: 0 });
      assert.deepEqual([...kept.bytes], [...body]);
    }),
    { seed: 9_111 },
  );
});

test('an answer grows older while it is kept, by the time its life has become shorter', () => {
  const kept = decoded(encodeAnswer(storedAnswer(), 3_000, LIFE_MS), LIFE_MS - 20_000, 500);
  const answer = storedAnswer(kept);
  assert.equal(ageOf(answer, 500), 23_000);
  assert.equal(ageOf(answer, 1_500), 24_000);
  assert.equal(decoded(encodeAnswer(storedAnswer(), 0, LIFE_MS), LIFE_MS + 5).terms.ageMs, 0);
});

test('tags are kept, and not shown to clients', () => {
  const lines = `surrogate-key: a b\r\n${LINES}` as FieldLines;
  const answer = storedAnswer({ terms: terms({ lines, tags: ['a', 'b'] }) });
  const kept = decoded(encodeAnswer(answer, 0, LIFE_MS));
  assert.equal(kept.terms.lines, lines);
  assert.equal(kept.lines, LINES);
});

test('signposts and marks come back', () => {
  assert.deepEqual(decodeKept(encodeSignpost(['a', 'b']), 1, 0), {
    version: 1,
    kind: 'vary',
    names: ['a', 'b'],
  });
  assert.equal(decodeKept(encodePass(), 1, 0)?.kind, 'pass');
});

test('what another version has written is not found', () => {
  const bytes = Buffer.from(encodePass());
  const at = bytes.indexOf('"version":1') + '"version":'.length;
  bytes.write('2', at, 'latin1');
  assert.equal(decodeKept(bytes, 1, 0), undefined);
});

test('an answer of which a part is missing is refused, and never taken for a shorter one', () => {
  const encoded = encodeAnswer(storedAnswer(), 0, LIFE_MS);
  for (let length = 0; length < encoded.length; length++) {
    assert.throws(() => decodeKept(encoded.subarray(0, length), LIFE_MS, 0), `${length}`);
  }
  assert.throws(() => decodeKept(Buffer.concat([encoded, Buffer.from('x')]), LIFE_MS, 0));
});

test('garbage is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      assert.throws(() => decodeKept(bytes, 1, 0));
    }),
    { seed: 9_111 },
  );
});
