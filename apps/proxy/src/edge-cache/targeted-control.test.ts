import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseDirectives } from './cache-control.ts';
import { slowdown } from './slowdown.test-support.ts';
import { parseTargetedControl } from './targeted-control.ts';

const asCacheControl: readonly (readonly [string, string])[] = [
  ['max-age=3600', 'max-age=3600'],
  [' max-age=60 ,\tstale-if-error=5 ', 'max-age=60, stale-if-error=5'],
  ['max-age=1, max-age=2', 'max-age=2'],
  ['max-age=60;a;b="c", no-cache', 'max-age=60, no-cache'],
  ['no-store=?1, private=?0', 'no-store'],
  ['private="a, b"', 'private="a, b"'],
  ['foobar, x=(1 "a";q=2 b), y=:AQ==:, z=1.5, d=@5, max-age=3', 'foobar, x, y, z, d, max-age=3'],
  ['max-age=-5', 'max-age=0'],
];

const ignored = [
  '',
  ' ',
  'max-age=10000, &&&&&',
  'max-age="10000"',
  'max-age=1.5',
  'max-age',
  'MaX-aGe=3600',
  'max-age =100',
  'max-age= 100',
  'max-age=100,',
  'max-age=100x',
  'max-age=9999999999999999',
  'a="b',
];

describe('CDN-Cache-Control', () => {
  for (const [value, same] of asCacheControl) {
    it(`"${value}" says what Cache-Control says with "${same}"`, () => {
      assert.deepEqual(parseTargetedControl(value), parseDirectives(same));
    });
  }

  for (const value of ignored) {
    it(`"${value}" is as if it were not there`, () => {
      assert.equal(parseTargetedControl(value), undefined);
    });
  }

  it('takes any text', () => {
    const unit = fc.constantFrom(
      'max-age',
      'a',
      '=',
      '"',
      '(',
      ')',
      ' ',
      ',',
      ';',
      '1',
      '?',
      ':',
      '\\',
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit })),
        (value) => void parseTargetedControl(value),
      ),
    );
  });

  for (const part of ['a;', 'a=(', 'a=("b" ', 'a=1;b=', 'a , ', '" ']) {
    it(`takes time by its length alone, however often it has ${part}`, () => {
      assert.ok(slowdown((size) => parseTargetedControl(part.repeat(size))) < 32);
    });
  }
});
