import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldsOf } from '../fields.test-support.ts';
import {
  isFresh,
  isStaleIfError,
  isStaleWhileRevalidate,
  mayStore,
  modelledStatuses,
  type Told,
} from './freshness-model.test-support.ts';
import { httpDate } from './http-date.ts';
import { judgeAnswer } from './judge-answer.ts';
import { policy } from './policy.test-support.ts';
import { judgeReuse, mayServeOnError } from './reuse.ts';
import { PLAIN } from './wish.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const FRACTION = 0.5;
const guessing = policy({ heuristic: { fraction: FRACTION, maxMs: Number.POSITIVE_INFINITY } });

const seconds = fc.integer({ min: 0, max: 12 });
const offset = fc.integer({ min: -12, max: 12 });
const timed = ['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'];
const flags = [
  'no-store',
  'no-cache',
  'private',
  'public',
  'must-revalidate',
  'proxy-revalidate',
  'must-understand',
];

const directives = fc
  .tuple(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...timed), seconds), { selector: ([name]) => name }),
    fc.uniqueArray(fc.constantFrom(...flags), { maxLength: 2 }),
  )
  .map(
    ([times, names]) =>
      new Map<string, number | undefined>([
        ...times,
        ...names.map((name) => [name, undefined] as const),
      ]),
  );

const told: fc.Arbitrary<Told> = fc.record({
  status: fc.constantFrom(...modelledStatuses),
  directives,
  dateAt: fc.option(offset, { nil: undefined }),
  expiresAt: fc.option(offset, { nil: undefined }),
  lastModifiedAt: fc.option(offset, { nil: undefined }),
  age: fc.option(seconds, { nil: undefined }),
  delay: fc.integer({ min: 0, max: 3 }),
  hasEtag: fc.boolean(),
  hasAuthorization: fc.boolean(),
});

function linesOf({ directives: said, dateAt, expiresAt, lastModifiedAt, age, hasEtag }: Told) {
  const date = (name: string, at: number | undefined) =>
    at === undefined ? [] : [`${name}: ${httpDate(NOW_MS + at * 1_000)}`];
  return [
    ...[...said].map(
      ([name, value]) => `Cache-Control: ${value === undefined ? name : `${name}=${value}`}`,
    ),
    ...date('Date', dateAt),
    ...date('Expires', expiresAt),
    ...date('Last-Modified', lastModifiedAt),
    ...(age === undefined ? [] : [`Age: ${age}`]),
    ...(hasEtag ? ['ETag: "a"'] : []),
  ];
}

/** What the cache does with the answer, so many seconds after it came. */
function used(answer: Told, since: number) {
  const judgement = judgeAnswer(
    { method: 'GET', hasAuthorization: answer.hasAuthorization, noStore: false },
    { status: answer.status, fields: fieldsOf(...linesOf(answer)) },
    guessing,
    { epochMs: NOW_MS, delayMs: answer.delay * 1_000 },
  );
  if (judgement.kind === 'pass') return { isKept: false, reuse: 'revalidate', onError: false };
  const { terms } = judgement;
  const ageMs = terms.ageMs + since * 1_000;
  return {
    isKept: true,
    reuse: judgeReuse(terms, ageMs, PLAIN),
    onError: mayServeOnError(terms, ageMs, PLAIN),
  };
}

function check(holds: (answer: Told, since: number) => void): void {
  fc.assert(fc.property(told, fc.integer({ min: 0, max: 20 }), holds), { numRuns: 5_000 });
}

describe('as RFC 9111 has it, a shared cache', () => {
  it('uses as fresh exactly what it may store and what is fresh', () => {
    check((answer, since) => {
      const expected = mayStore(answer) && isFresh(answer, since, FRACTION);
      assert.equal(used(answer, since).reuse === 'fresh', expected);
    });
  });

  it('uses as stale only what it may, and whatever says so', () => {
    check((answer, since) => {
      const { isKept, reuse } = used(answer, since);
      const isStale =
        !isFresh(answer, since, FRACTION) && isStaleWhileRevalidate(answer, since, FRACTION);
      assert.equal(reuse === 'stale', isKept && isStale);
    });
  });

  it('gives instead of an error only what it may, and whatever says so', () => {
    check((answer, since) => {
      const { isKept, onError } = used(answer, since);
      assert.equal(onError, isKept && isStaleIfError(answer, since, FRACTION));
    });
  });

  it('keeps nothing that it may not store', () => {
    check((answer) => {
      assert.ok(mayStore(answer) || !used(answer, 0).isKept);
    });
  });
});
