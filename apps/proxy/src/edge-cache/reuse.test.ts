import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FieldLines } from '@headgate/http1';
import type { Terms } from './judge-answer.ts';
import { judgeReuse, mayServeOnError, type Reuse } from './reuse.ts';
import { PLAIN, type Wish } from './wish.ts';

const S = 1_000;

/** Fresh for 10 s. */
const TERMS: Terms = {
  lifetimeMs: 10 * S,
  ageMs: 0,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  mayServeStale: true,
  alwaysRevalidate: false,
  vary: [],
  tags: [],
  etag: undefined,
  lastModified: undefined,
  dateMs: 0,
  lines: '' as FieldLines,
};

interface Case {
  readonly terms?: Partial<Terms>;
  readonly wish?: Partial<Wish>;
  readonly age: number;
  readonly is: Reuse;
}

const cases: readonly (readonly [string, Case])[] = [
  ['is fresh until its lifetime ends', { age: 9.999, is: 'fresh' }],
  ['is not any more when it ends', { age: 10, is: 'revalidate' }],
  [
    'is never fresh when it must be validated',
    { terms: { alwaysRevalidate: true }, age: 0, is: 'revalidate' },
  ],
  [
    'is not used when the client wants it validated',
    { wish: { noCache: true }, age: 0, is: 'revalidate' },
  ],
  ['is used up to the age the client takes', { wish: { maxAgeMs: 5 * S }, age: 5, is: 'fresh' }],
  ['is not used beyond it', { wish: { maxAgeMs: 5 * S }, age: 5.001, is: 'revalidate' }],
  [
    'is used while it stays fresh as long as the client wants',
    { wish: { minFreshMs: 5 * S }, age: 5, is: 'fresh' },
  ],
  ['is not used when it does not', { wish: { minFreshMs: 5 * S }, age: 5.001, is: 'revalidate' }],
  [
    'is used as stale as the client takes it',
    { wish: { maxStaleMs: 5 * S }, age: 15, is: 'stale' },
  ],
  ['is not used any staler', { wish: { maxStaleMs: 5 * S }, age: 15.001, is: 'revalidate' }],
  [
    'is used however stale',
    { wish: { maxStaleMs: Number.POSITIVE_INFINITY }, age: 1e9, is: 'stale' },
  ],
  [
    'is not used when stale, whatever the client takes',
    { terms: { mayServeStale: false }, wish: { maxStaleMs: 9e9 }, age: 11, is: 'revalidate' },
  ],
  [
    'is used when stale while it is refreshed',
    { terms: { staleWhileRevalidateMs: 5 * S }, age: 14.999, is: 'stale' },
  ],
  ['is not used longer', { terms: { staleWhileRevalidateMs: 5 * S }, age: 15, is: 'revalidate' }],
  [
    'is not used when stale where the origin forbids it',
    { terms: { staleWhileRevalidateMs: 5 * S, mayServeStale: false }, age: 11, is: 'revalidate' },
  ],
  [
    'is not used when stale for who says max-age',
    {
      terms: { staleWhileRevalidateMs: 5 * S },
      wish: { maxAgeMs: 60 * S },
      age: 11,
      is: 'revalidate',
    },
  ],
  [
    'is used when stale for who says max-age and max-stale',
    { wish: { maxAgeMs: 60 * S, maxStaleMs: 5 * S }, age: 11, is: 'stale' },
  ],
];

describe('a stored answer', () => {
  for (const [name, { terms, wish, age, is }] of cases) {
    it(name, () => {
      assert.equal(judgeReuse({ ...TERMS, ...terms }, age * S, { ...PLAIN, ...wish }), is);
    });
  }
});

const onError: readonly (readonly [string, Omit<Case, 'is'> & { readonly is: boolean }])[] = [
  ['does so for as long as it may', { terms: { staleIfErrorMs: 5 * S }, age: 14.999, is: true }],
  ['does not longer', { terms: { staleIfErrorMs: 5 * S }, age: 15, is: false }],
  ['does not by itself', { age: 10, is: false }],
  [
    'does when it is fresh and the client wanted a fresher one',
    { wish: { maxAgeMs: 0 }, age: 5, is: true },
  ],
  [
    'does not where the origin forbids it',
    { terms: { staleIfErrorMs: 5 * S, mayServeStale: false }, age: 11, is: false },
  ],
  [
    'does not for who wants it validated',
    { terms: { staleIfErrorMs: 5 * S }, wish: { noCache: true }, age: 11, is: false },
  ],
  ['does for who takes it', { wish: { maxStaleMs: 5 * S }, age: 15, is: true }],
];

describe('a stored answer that stands in for an error', () => {
  for (const [name, { terms, wish, age, is }] of onError) {
    it(name, () => {
      assert.equal(mayServeOnError({ ...TERMS, ...terms }, age * S, { ...PLAIN, ...wish }), is);
    });
  }
});
