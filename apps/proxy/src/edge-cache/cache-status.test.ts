import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CacheVerdict, cacheStatusLine } from './cache-status.ts';

const cases: readonly (readonly [CacheVerdict, string])[] = [
  [{ kind: 'hit', ttlMs: 30_999 }, 'headgate; hit; ttl=30'],
  [{ kind: 'hit', ttlMs: 0 }, 'headgate; hit; ttl=0'],
  [{ kind: 'hit', ttlMs: -1 }, 'headgate; hit; ttl=-1'],
  [{ kind: 'hit', ttlMs: 999_999_000 }, 'headgate; hit; ttl=999999'],
  [{ kind: 'hit', ttlMs: 1_000, detail: 'memory' }, 'headgate; hit; ttl=1; detail=memory'],
  [{ kind: 'forward', why: 'uri-miss' }, 'headgate; fwd=uri-miss'],
  [{ kind: 'forward', why: 'bypass', detail: 'cookie' }, 'headgate; fwd=bypass; detail=cookie'],
  [
    { kind: 'forward', why: 'stale', status: 304, ttlMs: 5_000, isStored: true, isCollapsed: true },
    'headgate; fwd=stale; fwd-status=304; ttl=5; stored; collapsed',
  ],
  [
    { kind: 'forward', why: 'vary-miss', isStored: false, isCollapsed: false },
    'headgate; fwd=vary-miss',
  ],
];

describe('Cache-Status', () => {
  for (const [verdict, said] of cases) {
    it(said, () => assert.equal(cacheStatusLine(verdict), `cache-status: ${said}\r\n`));
  }

  it('is the same each time', () => {
    const verdict: CacheVerdict = { kind: 'hit', ttlMs: 7_000 };
    assert.equal(cacheStatusLine(verdict), cacheStatusLine(verdict));
  });
});
