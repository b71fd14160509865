/**
 * Answers that a cache must not keep, though it might be tempted to, and some that it may: what the
 * origin sends for a plain GET, and whether the next client is given it.
 */

export interface AnswerCase {
  readonly name: string;
  /** Sent with every GET; a length is added when there is none and the answer is not in chunks. */
  readonly status?: number;
  readonly fields: readonly string[];
  readonly isKept: boolean;
}

const KEPT = 'Cache-Control: max-age=60';
const HUGE = '9'.repeat(30);

/** Lifetimes that are not what they say, or do not say what they are. */
const lifetimes: readonly AnswerCase[] = [
  ...[
    'max-age=-1',
    'max-age=0',
    'max-age=',
    'max-age',
    'max-age=a',
    'max-age=60, no-store',
    'max-age=60, private',
    'no-store, max-age=60',
    'max-age=60, s-maxage=0',
    'MAX-AGE=60, NO-STORE',
    'max-age=60,\tno-store',
    'max-age=60, no-store="x"',
    'x="a, b", no-store, max-age=60',
    'public, no-store, max-age=60',
    'public, private, max-age=60',
  ].map((value) => ({
    name: `Cache-Control: ${value}`,
    fields: [`Cache-Control: ${value}`],
    isKept: false,
  })),
  {
    name: 'two Cache-Control lines that disagree',
    fields: ['Cache-Control: max-age=60', 'Cache-Control: no-store'],
    isKept: false,
  },
  {
    name: 'a directive within a quoted string is none',
    fields: ['Cache-Control: x="no-store, private", max-age=60'],
    isKept: true,
  },
  {
    name: 'Expires in the past',
    fields: ['Expires: Mon, 01 Jan 2024 00:00:00 GMT'],
    isKept: false,
  },
  { name: 'Expires: 0', fields: ['Expires: 0'], isKept: false },
  { name: 'Expires that is no date', fields: ['Expires: tomorrow'], isKept: false },
  {
    name: 'max-age goes before Expires in the past',
    fields: [KEPT, 'Expires: Mon, 01 Jan 2024 00:00:00 GMT'],
    isKept: true,
  },
  {
    name: 'max-age=0 goes before Expires in the future',
    fields: ['Cache-Control: max-age=0', 'Expires: Fri, 31 Dec 2100 00:00:00 GMT'],
    isKept: false,
  },
  {
    name: 'a lifetime beyond all numbers',
    fields: [`Cache-Control: max-age=${HUGE}`],
    isKept: true,
  },
];

/** What an answer says of the time it spent in other caches. */
const ages: readonly AnswerCase[] = [
  { name: 'Age beyond the lifetime', fields: [KEPT, 'Age: 61'], isKept: false },
  { name: 'Age beyond all numbers', fields: [KEPT, `Age: ${HUGE}`], isKept: false },
  { name: 'Age within the lifetime', fields: [KEPT, 'Age: 5'], isKept: true },
  {
    name: 'a Date so long ago that the lifetime is over',
    fields: [KEPT, 'Date: Mon, 01 Jan 2024 00:00:00 GMT'],
    isKept: false,
  },
];

/** Said by nobody to be fresh: only a guess could keep them, and of these none is made. */
const ERRORS = [400, 401, 403, 406, 407, 408, 412, 413, 415, 417, 421, 422, 425, 429, 431];

const errors: readonly AnswerCase[] = [
  ...[...ERRORS, 404, 405, 410, 414, 500, 501, 502, 503, 504, 599].map((status) => ({
    name: `${status} that says nothing of its time`,
    status,
    fields: ['Content-Type: text/plain'],
    isKept: false,
  })),
  ...ERRORS.concat(500, 502, 503, 504).map((status) => ({
    name: `${status} that was last modified long ago`,
    status,
    fields: ['Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT'],
    isKept: false,
  })),
  { name: '304 that nobody asked for', status: 304, fields: [KEPT, 'ETag: "a"'], isKept: false },
  {
    name: '206 that nobody asked for',
    status: 206,
    fields: [KEPT, 'Content-Range: bytes 0-3/26', 'Content-Length: 4'],
    isKept: false,
  },
  { name: '416 that nobody asked for', status: 416, fields: ['ETag: "a"'], isKept: false },
];

/** For one client, whatever else they say. */
const personal: readonly AnswerCase[] = [
  { name: 'Set-Cookie', fields: [KEPT, 'Set-Cookie: id=1'], isKept: false },
  {
    name: 'Set-Cookie that is public',
    fields: ['Cache-Control: public, max-age=60', 'Set-Cookie: id=1'],
    isKept: false,
  },
  { name: 'Set-Cookie in capitals', fields: [KEPT, 'SET-COOKIE: id=1'], isKept: false },
  { name: 'Vary: *', fields: [KEPT, 'Vary: *'], isKept: false },
  { name: 'Vary: * in a second line', fields: [KEPT, 'Vary: Accept', 'Vary: *'], isKept: false },
  { name: 'an answer to everybody', fields: [KEPT], isKept: true },
];

/** `/account/x.css` and the like: a page for one client, under a name that looks like a file. */
const deceptions: readonly AnswerCase[] = [
  { name: 'a page without any word of caches', fields: ['Content-Type: text/html'], isKept: false },
  {
    name: 'a page that will be modified some day',
    fields: ['Content-Type: text/html', 'Last-Modified: Fri, 31 Dec 2100 00:00:00 GMT'],
    isKept: false,
  },
  {
    name: 'a page that only has a tag',
    fields: ['Content-Type: text/css', 'ETag: "a"'],
    isKept: false,
  },
];

export const answerCases: Readonly<Record<string, readonly AnswerCase[]>> = {
  'how long it says it is fresh': lifetimes,
  'how old it says it is': ages,
  'errors that were provoked': errors,
  'answers for one': personal,
  'pages that look like files': deceptions,
};
