import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldsOf } from '../fields.test-support.ts';
import { isNotModified, notModifiedLines, validationLines } from './conditional.ts';
import { httpDate } from './http-date.ts';
import { policy } from './policy.test-support.ts';
import { readWish } from './wish.ts';

const DATE_MS = Date.UTC(2026, 0, 1);
const at = (seconds: number) => httpDate(DATE_MS + seconds * 1_000);

interface Case {
  readonly etag?: string;
  readonly lastModified?: string;
  readonly status?: number;
  readonly asked: readonly string[];
  readonly is: boolean;
}

function isMet({ etag, lastModified, status = 200, asked }: Case): boolean {
  const wish = readWish('GET', fieldsOf(...asked), policy());
  return isNotModified({ etag, lastModified, status, dateMs: DATE_MS }, wish);
}

const cases: readonly (readonly [string, Case])[] = [
  ['the same tag', { etag: '"a"', asked: ['If-None-Match: "a"'], is: true }],
  ['another tag', { etag: '"a"', asked: ['If-None-Match: "b"'], is: false }],
  ['tags compared weakly', { etag: 'W/"a"', asked: ['If-None-Match: "a"'], is: true }],
  ['weak tags', { etag: 'W/"a"', asked: ['If-None-Match: W/"a"'], is: true }],
  [
    'the last of many tags',
    { etag: '"a"', asked: ['If-None-Match: "1", "2"', 'If-None-Match: W/"a"'], is: true },
  ],
  ['a tag with a comma', { etag: '"a,b"', asked: ['If-None-Match: "x","a,b"'], is: true }],
  ['a part of a tag', { etag: '"a,b"', asked: ['If-None-Match: "a", "b"'], is: false }],
  ['a tag beyond ASCII', { etag: '"ü"', asked: ['If-None-Match: "ü"'], is: true }],
  ['any tag', { etag: '"a"', asked: ['If-None-Match: *'], is: true }],
  ['any, without a tag', { asked: ['If-None-Match: *'], is: true }],
  ['a tag, where there is none', { asked: ['If-None-Match: "a"'], is: false }],
  ['tags without quotes, which are equal', { etag: 'a', asked: ['If-None-Match: a'], is: true }],
  ['a tag that is quoted on one side', { etag: '"a"', asked: ['If-None-Match: a'], is: false }],
  ['the same date', { lastModified: at(-9), asked: [`If-Modified-Since: ${at(-9)}`], is: true }],
  ['a later date', { lastModified: at(-9), asked: [`If-Modified-Since: ${at(-8)}`], is: true }],
  [
    'an earlier date',
    { lastModified: at(-9), asked: [`If-Modified-Since: ${at(-10)}`], is: false },
  ],
  [
    'a date in an old form',
    {
      lastModified: at(0),
      asked: ['If-Modified-Since: Thursday, 01-Jan-26 00:00:00 GMT'],
      is: true,
    },
  ],
  ['what is no date', { lastModified: at(-9), asked: ['If-Modified-Since: today'], is: false }],
  [
    'what is no date, but the same',
    { lastModified: 'x', asked: ['If-Modified-Since: x'], is: true },
  ],
  [
    'a stored date that is none',
    { lastModified: 'x', asked: [`If-Modified-Since: ${at(9)}`], is: false },
  ],
  ['a date after that of the answer', { asked: [`If-Modified-Since: ${at(1)}`], is: true }],
  ['a date before that of the answer', { asked: [`If-Modified-Since: ${at(-1)}`], is: false }],
  [
    'a tag before a date',
    {
      etag: '"a"',
      lastModified: at(-9),
      asked: ['If-None-Match: "a"', `If-Modified-Since: ${at(-99)}`],
      is: true,
    },
  ],
  [
    'a wrong tag before a right date',
    {
      etag: '"a"',
      lastModified: at(-9),
      asked: ['If-None-Match: "b"', `If-Modified-Since: ${at(0)}`],
      is: false,
    },
  ],
  [
    'an answer that is no success',
    { etag: '"a"', status: 404, asked: ['If-None-Match: "a"'], is: false },
  ],
  ['no condition', { etag: '"a"', lastModified: at(0), asked: [], is: false }],
];

describe('a condition of a client', () => {
  for (const [name, example] of cases) {
    it(`${name}: ${example.is ? '304' : 'the whole answer'}`, () => {
      assert.equal(isMet(example), example.is);
    });
  }
});

describe('validation of a stored answer', () => {
  it('asks with all validators there are', () => {
    const lastModified = at(0);
    assert.equal(
      validationLines({ etag: 'W/"a"', lastModified }),
      `if-none-match: W/"a"\r\nif-modified-since: ${lastModified}\r\n`,
    );
    assert.equal(validationLines({ etag: undefined, lastModified: undefined }), '');
  });
});

describe('a 304', () => {
  const of = (...lines: string[]) =>
    notModifiedLines(fieldsOf(...lines).endToEnd())
      .split('\r\n')
      .slice(0, -1);

  it('has what caches and clients need, and nothing about the content', () => {
    const kept = [
      'Cache-Control: max-age=1',
      'Content-Location: /a',
      'Date: x',
      'ETag: "a"',
      'Expires: x',
      'Vary: a',
      'Access-Control-Allow-Origin: *',
      'Content-Security-Policy: x',
    ];
    const dropped = [
      'Content-Type: a/b',
      'content-encoding: gzip',
      'Content-Language: en',
      'Last-Modified: x',
    ];
    assert.deepEqual(of(...kept, ...dropped), kept);
  });

  it('says when the content was modified, where no tag says more', () => {
    assert.deepEqual(of('Last-Modified: x', 'Content-Type: a/b'), ['Last-Modified: x']);
  });
});
