import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldsOf } from '../fields.test-support.ts';
import { policy } from './policy.test-support.ts';
import { PLAIN, readWish, type Wish } from './wish.ts';

function wish(...lines: string[]): Wish {
  return readWish('GET', fieldsOf(...lines), policy());
}

describe('the wish of a client', () => {
  it('is plain, and no new object, when nothing special is asked for', () => {
    assert.equal(wish(), PLAIN);
    assert.equal(wish('Accept: */*', 'Cookie: a=b', 'User-Agent: x'), PLAIN);
    assert.equal(wish('Cache-Control: unknown', 'Pragma: unknown'), PLAIN);
  });

  it('is plain when the client merely says who it is', () => {
    const said = wish('authorization: Bearer x');
    assert.deepEqual(said, { ...PLAIN, hasAuthorization: true });
    assert.equal(said, wish('Authorization: Bearer y'));
  });

  it('has the directives of Cache-Control, on any number of lines', () => {
    const said = wish('Cache-Control: max-age=5, no-store', 'cache-control: min-fresh=2,max-stale');
    assert.deepEqual(said, {
      ...PLAIN,
      isPlain: false,
      noStore: true,
      maxAgeMs: 5_000,
      minFreshMs: 2_000,
      maxStaleMs: Number.POSITIVE_INFINITY,
    });
    assert.equal(wish('Cache-Control: no-cache').noCache, true);
    assert.equal(wish('Cache-Control: only-if-cached').onlyIfCached, true);
    assert.equal(wish('Cache-Control: max-age=0').isPlain, false);
  });

  it('takes Pragma where there is no Cache-Control', () => {
    assert.equal(wish('Pragma: no-cache').noCache, true);
    assert.equal(wish('Pragma: foo, no-cache', 'Cache-Control: x').noCache, false);
  });

  it('has no say about freshness where clients are not honoured', () => {
    const deaf = policy({ honoursClients: false });
    const fields = fieldsOf(
      'Cache-Control: no-store, max-age=0',
      'Pragma: no-cache',
      'If-None-Match: "a"',
    );
    assert.deepEqual(readWish('GET', fields, deaf), {
      ...PLAIN,
      isPlain: false,
      ifNoneMatch: '"a"',
    });
  });

  it('has conditions and ranges', () => {
    assert.equal(wish('If-None-Match: "a"', 'If-None-Match: "b"').ifNoneMatch, '"a", "b"');
    assert.equal(wish('If-Modified-Since: x').ifModifiedSince, 'x');
    assert.equal(wish('Range: bytes=0-1', 'If-Range: "a"').range, 'bytes=0-1');
    assert.equal(wish('Range: bytes=0-1', 'If-Range: "a"').ifRange, '"a"');
    assert.equal(wish('If-Match: *').hasPrecondition, true);
    assert.equal(wish('If-Unmodified-Since: x').hasPrecondition, true);
  });

  it('is none where a field that is no list is there twice', () => {
    assert.equal(wish('Range: bytes=0-1', 'Range: bytes=2-3'), PLAIN);
    assert.equal(wish('If-Modified-Since: x', 'If-Modified-Since: x'), PLAIN);
  });

  it('has no range but for GET', () => {
    const fields = fieldsOf('Range: bytes=0-1', 'If-Range: "a"');
    assert.equal(readWish('HEAD', fields, policy()), PLAIN);
  });
});
