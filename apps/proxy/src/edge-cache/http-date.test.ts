import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { httpDate, parseHttpDate } from './http-date.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

const valid: readonly (readonly [string, string])[] = [
  ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
  ['Tue Nov 15 08:49:37 1994', '1994-11-15T08:49:37Z'],
  ['Tue, 19 Jan 2038 14:14:08 GMT', '2038-01-19T14:14:08Z'],
  ['Sun, 21 Nov 2286 04:46:39 GMT', '2286-11-21T04:46:39Z'],
  ['THU, 18 AUG 2050 02:01:18 gMT', '2050-08-18T02:01:18Z'],
  ['Thursday, 18-Aug-50 02:01:18 GMT', '2050-08-18T02:01:18Z'],
  ['Thursday, 18-Aug-76 02:01:18 GMT', '2076-08-18T02:01:18Z'],
  ['Thursday, 18-Aug-77 02:01:18 GMT', '1977-08-18T02:01:18Z'],
  ['Mon, 29 Feb 2028 23:59:60 GMT', '2028-03-01T00:00:00Z'],
  ['Sat, 01 Jan 0050 00:00:00 GMT', '0050-01-01T00:00:00Z'],
];

const invalid = [
  '0',
  '',
  '-1',
  'foo',
  'Thu, 18 Aug 2050 02:01:18 UTC',
  'Thu, 18 Aug 2050 02:01:18 AEST',
  'Thu, 18 Aug 50 02:01:18 GMT',
  'Thu 18 Aug 2050 02:01:18 GMT',
  'Thu, 18  Aug  2050 02:01:18 GMT',
  'Thu, 18-Aug-2050 02:01:18 GMT',
  'Thu, 18-Aug-50 02:01:18 GMT',
  'Thu, 18 Aug 2050 02.01.18 GMT',
  'Thu, 18 Aug 2050 2:01:18 GMT',
  'Thu, 18 Aug 2050 24:01:18 GMT',
  'Thu, 18 Aug 2050 02:60:18 GMT',
  'Thu, 18 Aug 2050 02:01:61 GMT',
  'Thu, 31 Feb 2050 02:01:18 GMT',
  'Thu, 00 Aug 2050 02:01:18 GMT',
  'Thu, 18 Aug 2050 02:01:18 GMT GMT',
  '2050-08-18T02:01:18Z',
];

describe('a date of HTTP', () => {
  for (const [text, iso] of valid) {
    it(`"${text}" is ${iso}`, () => {
      const parsedMs = parseHttpDate(text, NOW_MS);
      assert.equal(parsedMs, new Date(iso).getTime());
    });
  }

  for (const text of invalid) {
    it(`"${text}" is none`, () => assert.equal(parseHttpDate(text, NOW_MS), undefined));
  }

  it('is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const seconds = Math.floor(date.getTime() / 1_000) * 1_000;
          assert.equal(parseHttpDate(httpDate(seconds), NOW_MS), seconds);
        },
      ),
    );
  });

  it('is none in any other text', () => {
    fc.assert(fc.property(fc.string(), (text) => parseHttpDate(text, NOW_MS) === undefined));
  });
});
