import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { httpDate } from './http-date.ts';
import { contentRange, type Selected, selectRange, unsatisfiableRange } from './range.ts';
import { PLAIN } from './wish.ts';

const DATE_MS = Date.UTC(2026, 0, 1);
const MODIFIED = httpDate(DATE_MS - 60_000);

function select(range: string, sizeBytes: number, ifRange?: string): Selected {
  const stored = { etag: '"a"', lastModified: MODIFIED, dateMs: DATE_MS };
  return selectRange({ ...PLAIN, isPlain: false, range, ifRange }, stored, sizeBytes);
}

const cases: readonly (readonly [string, number, Selected])[] = [
  ['bytes=0-1', 11, { from: 0, to: 2 }],
  ['bytes=1-', 11, { from: 1, to: 11 }],
  ['bytes=-1', 11, { from: 10, to: 11 }],
  ['bytes=-100', 11, { from: 0, to: 11 }],
  ['bytes=0-100', 11, { from: 0, to: 11 }],
  ['bytes=10-10', 11, { from: 10, to: 11 }],
  ['Bytes= 0-1 ', 11, { from: 0, to: 2 }],
  ['bytes=0-99999999999999999999', 11, { from: 0, to: 11 }],
  ['bytes=11-', 11, 'unsatisfiable'],
  ['bytes=99999999999999999999-', 11, 'unsatisfiable'],
  ['bytes=-0', 11, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'whole'],
  ['bytes=2-1', 11, 'whole'],
  ['bytes=-', 11, 'whole'],
  ['bytes=0-1,3-4', 11, 'whole'],
  ['bytes=a-b', 11, 'whole'],
  ['items=0-1', 11, 'whole'],
  ['0-1', 11, 'whole'],
];

describe('a range of a stored answer', () => {
  for (const [range, sizeBytes, expected] of cases) {
    it(`${range} of ${sizeBytes} bytes`, () =>
      assert.deepEqual(select(range, sizeBytes), expected));
  }

  it('is the whole where none is asked for', () => {
    const stored = { etag: undefined, lastModified: undefined, dateMs: 0 };
    assert.equal(selectRange(PLAIN, stored, 5), 'whole');
  });

  it('is given while the answer is the one the client has a part of', () => {
    for (const same of ['"a"', MODIFIED]) {
      assert.deepEqual(select('bytes=0-1', 11, same), { from: 0, to: 2 }, same);
    }
    for (const other of ['"b"', 'W/"a"', 'a', httpDate(DATE_MS), 'never']) {
      assert.equal(select('bytes=0-1', 11, other), 'whole', other);
    }
  });

  it('is not given by a date that may have seen two answers', () => {
    const stored = { etag: undefined, lastModified: httpDate(DATE_MS), dateMs: DATE_MS };
    const wish = { ...PLAIN, range: 'bytes=0-1', ifRange: httpDate(DATE_MS) };
    assert.equal(selectRange(wish, stored, 11), 'whole');
  });

  it('is not given by a tag that is weak, though it is the same', () => {
    const stored = { etag: 'W/"a"', lastModified: undefined, dateMs: 0 };
    const wish = { ...PLAIN, range: 'bytes=0-1', ifRange: 'W/"a"' };
    assert.equal(selectRange(wish, stored, 11), 'whole');
  });

  it('lies within the answer, whatever is asked', () => {
    const number = fc.oneof(fc.nat(20), fc.bigInt(0n, 2n ** 70n), fc.constant(''));
    const range = fc.oneof(
      fc.tuple(number, number).map(([first, last]) => `bytes=${first}-${last}`),
      fc.string(),
    );
    fc.assert(
      fc.property(range, fc.nat(20), (asked, sizeBytes) => {
        const selected = select(asked, sizeBytes);
        if (typeof selected === 'string') return;
        assert.ok(Number.isInteger(selected.from) && Number.isInteger(selected.to));
        assert.ok(0 <= selected.from && selected.from < selected.to && selected.to <= sizeBytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is told to the client', () => {
    assert.equal(contentRange(0, 2, 11), 'content-range: bytes 0-1/11\r\n');
    assert.equal(unsatisfiableRange(11), 'content-range: bytes */11\r\n');
  });
});
