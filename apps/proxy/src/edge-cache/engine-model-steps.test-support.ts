/** What may happen to a small site: who asks how, and how its origin answers. */
import type { Purge } from '@headgate/cache';

export const WISHES = [
  'plain',
  'no-cache',
  'max-age=0',
  'max-stale',
  'only-if-cached',
  'range',
  'late range',
  'suffix',
  'condition',
  'HEAD',
] as const;

export const MANNERS = [
  'kept',
  'kept in chunks',
  'kept for a second',
  'varies',
  'no-store',
  'no-store in chunks',
  'too large',
  'too large in chunks',
  'error',
  'missing',
  'empty',
  'not modified',
  'not modified, and private',
] as const;

export type Wish = (typeof WISHES)[number];
export type Manner = (typeof MANNERS)[number];

export type Step =
  | {
      readonly do: 'ask';
      readonly page: number;
      readonly variant: number;
      readonly wish: Wish;
      readonly isSlow: boolean;
      /** Another request follows on the connection. */
      readonly isPipelined: boolean;
    }
  | { readonly do: 'head'; readonly fetch: number; readonly manner: Manner; readonly at: number }
  | { readonly do: 'body' | 'end' | 'fail' | 'interim'; readonly fetch: number }
  | { readonly do: 'leave' | 'catch up' | 'slow down'; readonly guest: number }
  | { readonly do: 'purge'; readonly page: number; readonly by: Purge['kind'] }
  | { readonly do: 'wait'; readonly ms: number };

/** Answers that are for the one client whose request they answer. */
export const FOR_ONE = /^(no-store|error|missing|too large$)/;

/** What origins say of an answer. */
export const DIRECTIVES: Readonly<Record<Manner, readonly string[]>> = {
  kept: ['Cache-Control: max-age=60'],
  'kept in chunks': ['Cache-Control: max-age=60'],
  'kept for a second': ['Cache-Control: max-age=1'],
  varies: ['Cache-Control: max-age=60', 'Vary: X-Variant'],
  'no-store': ['Cache-Control: no-store'],
  'no-store in chunks': ['Cache-Control: no-store'],
  'too large': ['Cache-Control: max-age=60'],
  'too large in chunks': ['Cache-Control: max-age=60'],
  error: [],
  missing: [],
  empty: ['Cache-Control: max-age=60'],
  'not modified': ['Cache-Control: max-age=60'],
  'not modified, and private': ['Cache-Control: private'],
};

/** The fields of a request with such a wish; `latest` is the tag of the latest answer. */
export function linesFor(wish: Wish, latest: number | undefined): string[] {
  switch (wish) {
    case 'no-cache':
    case 'max-age=0':
    case 'max-stale':
    case 'only-if-cached':
      return [`Cache-Control: ${wish}`];
    case 'range':
      return ['Range: bytes=2-6'];
    case 'late range':
      return ['Range: bytes=40-'];
    case 'suffix':
      return ['Range: bytes=-3'];
    case 'condition':
      return [`If-None-Match: "${latest ?? 0}"`];
    default:
      return [];
  }
}
