import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration.ts';
import { formatSize, parseSize } from './size.ts';

test('a duration survives being written and read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (durationMs) => {
      assert.equal(parseDuration(formatDuration(durationMs)), durationMs);
    }),
  );
});

test('a size survives being written and read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (sizeBytes) => {
      assert.equal(parseSize(formatSize(sizeBytes)), sizeBytes);
    }),
  );
});

test('a quantity is written with the largest unit that leaves no fraction', () => {
  assert.deepEqual([0, 250, 2000, 1500, 60_000, 3_600_000, 90_000].map(formatDuration), [
    '0ms',
    '250ms',
    '2s',
    '1500ms',
    '1m',
    '1h',
    '90s',
  ]);
  assert.deepEqual([0, 512, 16_384, 1025, 10 * 2 ** 20, 2 ** 30].map(formatSize), [
    '0B',
    '512B',
    '16KiB',
    '1025B',
    '10MiB',
    '1GiB',
  ]);
});

test('text that is not a whole number and a known unit is not a quantity', () => {
  for (const text of ['', '5', 's', '1.5s', '-1s', '1 s', '1S', '1d', '1e3ms', '1constructor']) {
    assert.equal(parseDuration(text), undefined, text);
  }
  for (const text of ['1K', '1KB', '1kib', '1 MiB', 'MiB']) {
    assert.equal(parseSize(text), undefined, text);
  }
});
