/** Stored answers for tests. */
import type { FieldLines } from '@headgate/http1';
import type { StoredAnswer } from './entry.ts';
import type { Terms } from './judge-answer.ts';

export const LINES = 'content-type: text/plain\r\netag: "1"\r\n' as FieldLines;

/** Fresh for a minute, but for what is given. */
export function terms(given: Partial<Terms> = {}): Terms {
  return {
    lifetimeMs: 60_000,
    ageMs: 0,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    mayServeStale: true,
    alwaysRevalidate: false,
    vary: [],
    tags: [],
    etag: '"1"',
    lastModified: undefined,
    dateMs: 0,
    lines: LINES,
    ...given,
  };
}

export function storedAnswer(given: Partial<StoredAnswer> = {}): StoredAnswer {
  return {
    kind: 'answer',
    primary: 'http://a/x',
    status: 200,
    reason: 'OK',
    terms: terms(),
    lines: LINES,
    bytes: Buffer.from('body'),
    sinceMs: 0,
    mark: 0,
    refreshAfterMs: 0,
    repeated: undefined,
    ...given,
  };
}
