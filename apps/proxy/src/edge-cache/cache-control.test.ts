import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Directives, parseDirectives } from './cache-control.ts';
import { slowdown } from './slowdown.test-support.ts';

/** What `value` says, besides what it does not. */
function said(value: string): Partial<Directives> {
  const silent = parseDirectives('');
  return Object.fromEntries(
    Object.entries(parseDirectives(value)).filter(
      ([key, found]) => JSON.stringify(found) !== JSON.stringify(silent[key as keyof Directives]),
    ),
  );
}

const S = 1_000;

const cases: readonly (readonly [string, Partial<Directives>])[] = [
  ['max-age=3600', { maxAgeMs: 3_600 * S }],
  ['MaX-aGe=3600', { maxAgeMs: 3_600 * S }],
  ['max-age=003600', { maxAgeMs: 3_600 * S }],
  ['max-age="3600"', { maxAgeMs: 3_600 * S }],
  ['max-age=99999999999', { maxAgeMs: 2 ** 31 * S }],
  ['max-age', { maxAgeMs: 0 }],
  ['max-age=-3600', { maxAgeMs: 0 }],
  ["max-age='3600'", { maxAgeMs: 0 }],
  ['max-age=3600.0', { maxAgeMs: 0 }],
  ['max-age=3600a', { maxAgeMs: 0 }],
  ['max-age =3600', { maxAgeMs: 0 }],
  ['max-age= 3600', { maxAgeMs: 0 }],
  ['max-age=1800, max-age=1', { maxAgeMs: S }],
  ['max-age=1, max-age=1800', { maxAgeMs: S }],
  ['min-fresh=1, min-fresh=5', { minFreshMs: 5 * S }],
  ['max-stale', { maxStaleMs: Number.POSITIVE_INFINITY }],
  ['max-stale=3, max-stale', { maxStaleMs: 3 * S }],
  ['s-maxage=5,max-age=0 , public', { sharedMaxAgeMs: 5 * S, maxAgeMs: 0, isPublic: true }],
  [
    'stale-while-revalidate=1, stale-if-error=2',
    { staleWhileRevalidateMs: S, staleIfErrorMs: 2 * S },
  ],
  ['No-StOrE', { noStore: true }],
  ['no-store=1', { noStore: true }],
  ['must-understand, no-store', { mustUnderstand: true, noStore: true }],
  ['must-revalidate, proxy-revalidate', { mustRevalidate: true, proxyRevalidate: true }],
  [
    'immutable, no-transform, only-if-cached',
    { isImmutable: true, noTransform: true, onlyIfCached: true },
  ],
  ['private', { isPrivate: true }],
  ['private="X-User, set-cookie"', { privateFields: ['x-user', 'set-cookie'] }],
  ['private=x-user', { privateFields: ['x-user'] }],
  ['private=""', { isPrivate: true }],
  ['private="a b"', { isPrivate: true }],
  ['private="a", private', { privateFields: ['a'], isPrivate: true }],
  ['no-cache="a", no-cache="b"', { noCacheFields: ['a', 'b'] }],
  ['no-cache', { noCache: true }],
  ['foobar, max-age=1, ext="a\\"b"', { unknown: ['foobar', 'ext'], maxAgeMs: S }],
  ['extension="max-age=3600", max-age=1', { unknown: ['extension'], maxAgeMs: S }],
  ['max-age=1, extension="max-age=3600"', { unknown: ['extension'], maxAgeMs: S }],
  [', ,,', {}],
  ['=1, no-store', { noStore: true }],
  // What a broken quote might hide counts, and what allows more does not.
  ['ext="a, no-store', { unknown: ['ext'], noStore: true }],
  ['ext="a, no-store" x', { unknown: ['ext'], noStore: true }],
  ['public" x, immutable x', {}],
  ['__proto__, constructor=1', { unknown: ['__proto__', 'constructor'] }],
];

describe('Cache-Control', () => {
  for (const [value, expected] of cases) {
    it(`"${value}" is read`, () => assert.deepEqual(said(value), expected));
  }

  it('takes any text', () => {
    const unit = fc.constantFrom(
      'max-age',
      '=',
      '"',
      '\\',
      ',',
      ' ',
      'no-store',
      '1',
      'private',
      'ÿ',
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit })),
        (value) => void parseDirectives(value),
      ),
    );
  });

  it('sees a no-store wherever commas set it apart', () => {
    const unit = fc.constantFrom('a', '=', '"', '\\', ' ', ',');
    fc.assert(
      fc.property(fc.string({ unit }), fc.string({ unit }), (before, after) => {
        const isQuoted = before.includes('"') && after.includes('"');
        assert.ok(isQuoted || parseDirectives(`${before},no-store,${after}`).noStore);
      }),
      { numRuns: 2_000 },
    );
  });

  for (const part of ['a="\\', 'a="', '"\\', 'a="\\"', ',a="b']) {
    it(`takes time by its length alone, however often it has ${part}`, () => {
      assert.ok(slowdown((size) => parseDirectives(part.repeat(size))) < 32);
    });
  }
});
