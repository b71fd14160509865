import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestRecord } from '../request.ts';
import type { Snapshot } from '../snapshot.ts';
import { policy } from './policy.test-support.ts';
import type { KeyRules } from './policy.ts';
import { keyRulesAt, primaryOf, purgesOf } from './purges.ts';

/** Paths below `/cut` have a cache without queries, those below `/off` have none. */
function snapshotOf(key: KeyRules): Snapshot {
  return {
    caching: [policy({ key }), undefined],
    router: {
      match({ path, hostname }: { path: string; hostname: string }) {
        if (hostname === 'nowhere') return { kind: 'none' };
        return { kind: 'found', route: { index: path.startsWith('/off') ? 1 : 0 } };
      },
    },
  } as unknown as Snapshot;
}

const snapshot = snapshotOf({ query: 'none', headers: [] });

function keyOf(url: string): unknown {
  const [purge] = purgesOf({ kind: 'url', url }, snapshot);
  return purge && 'key' in purge ? purge.key : purge;
}

test('a URL is purged by the key its route gives it', () => {
  assert.equal(keyOf('http://Example.com/a?b=1'), 'http://example.com/a');
  assert.equal(keyOf('http://example.com/off?b=1'), 'http://example.com/off?b=1');
  assert.equal(keyOf('http://nowhere/a?b=1'), 'http://nowhere/a?b=1');
  assert.equal(keyOf('https://example.com:443'), 'https://example.com/');
  assert.equal(keyOf('HTTP://example.com:8080/'), 'http://example.com:8080/');
});

test('it is the key that a request for the URL has', () => {
  for (const path of ['/a', '/a%20b', '/off/x', '/a/../b']) {
    const query = '?x=1&y=%20';
    const url = `http://example.com${path}${query}`;
    const target = new URL(url);
    const record = {
      client: { proto: 'http', host: 'example.com', isPeerTrusted: false },
      host: 'EXAMPLE.com',
      path: target.pathname,
      query,
    } as unknown as RequestRecord;
    const rules = keyRulesAt(snapshot, 'example.com', target.pathname);
    assert.equal(keyOf(url), primaryOf(record, rules));
  }
});

test('what a URL begins with is not cut by the rules of a route', () => {
  assert.deepEqual(purgesOf({ kind: 'prefix', prefix: 'http://example.com/a?b' }, snapshot), [
    { kind: 'prefix', prefix: 'http://example.com/a?b' },
  ]);
  assert.deepEqual(purgesOf({ kind: 'prefix', prefix: 'http://example.com' }, snapshot), [
    { kind: 'prefix', prefix: 'http://example.com/' },
  ]);
});

test('each tag is a purge, and everything is one', () => {
  assert.deepEqual(purgesOf({ kind: 'tags', tags: ['a', 'b'] }, snapshot), [
    { kind: 'tag', tag: 'a' },
    { kind: 'tag', tag: 'b' },
  ]);
  assert.deepEqual(purgesOf({ kind: 'all' }, snapshot), [{ kind: 'all' }]);
});

test('what is no URL of http is refused, and nothing else is purged instead', () => {
  for (const url of [
    '',
    'example.com/a',
    '/a',
    'ftp://example.com/a',
    'javascript:alert(1)',
    ' http://example.com/a',
    'http:example.com/a',
    'http:\\\\example.com\\a',
    'http://',
    'http://example.com/a b',
    'http://example.com/%',
    'http://example.com/a\u0000',
  ]) {
    for (const order of [
      { kind: 'url', url },
      { kind: 'prefix', prefix: url },
    ] as const) {
      assert.throws(() => purgesOf(order, snapshot), TypeError, JSON.stringify(order));
    }
  }
});
