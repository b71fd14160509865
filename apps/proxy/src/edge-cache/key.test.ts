import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldsOf } from '../fields.test-support.ts';
import { type AskedUrl, keyedQuery, primaryKeyOf, variantKeyOf } from './key.ts';
import type { KeyRules } from './policy.ts';

const ALL: KeyRules = { query: 'all', headers: [] };

function keyOf(asked: Partial<AskedUrl>, rules = ALL): string {
  const host = asked.host ?? 'api.example.com';
  return primaryKeyOf(
    { proto: 'http', host, forwardedHost: undefined, path: '/', query: '', ...asked },
    rules,
  );
}

describe('the key of a URL', () => {
  it('is the URL as it is purged by', () => {
    assert.equal(keyOf({ path: '/items/1', query: '?a=b' }), 'http://api.example.com/items/1?a=b');
    assert.equal(keyOf({ proto: 'https' }), 'https://api.example.com/');
  });

  it('is the same for all ways to write one host', () => {
    for (const host of [
      'API.Example.com',
      'api.example.com.',
      'api.example.com:80',
      'api.example.com:',
    ]) {
      assert.equal(keyOf({ host }), 'http://api.example.com/', host);
    }
    assert.equal(keyOf({ proto: 'https', host: 'a.:443' }), 'https://a/');
    assert.equal(keyOf({ host: '[2001:DB8::1]:80' }), 'http://[2001:db8::1]/');
  });

  it('tells ports apart that are not the default of the scheme', () => {
    assert.equal(keyOf({ host: 'a:443' }), 'http://a:443/');
    assert.equal(keyOf({ proto: 'https', host: 'a:80' }), 'https://a:80/');
    assert.equal(keyOf({ host: '[::1]:8080' }), 'http://[::1]:8080/');
  });

  it('has the host upstreams are told of, where it is another one', () => {
    assert.equal(keyOf({ host: 'edge', forwardedHost: 'WWW' }), 'http://edge/ WWW');
    assert.equal(keyOf({ host: 'Edge:80', forwardedHost: 'edge' }), 'http://edge/');
    assert.equal(keyOf({ host: 'edge', forwardedHost: 'Edge:80' }), 'http://edge/ Edge:80');
  });

  it('is the same with a question mark that nothing follows', () => {
    assert.equal(keyOf({ query: '?' }), keyOf({}));
  });

  it('differs for any two requests that differ in their normal form', () => {
    const host = fc.constantFrom('a', 'b', 'a:8080', '[::1]', '[::1]:81');
    const path = fc.constantFrom('/', '/a', '/a%3Fb', '/a%20b', '/b//a', '//a');
    const asked = fc.record({
      proto: fc.constantFrom('http' as const, 'https' as const),
      host,
      forwardedHost: fc.oneof(host, fc.string({ unit: fc.constantFrom('a', '/', '?', ' ', ',') })),
      path,
      query: fc.oneof(
        fc.constant(''),
        fc
          .string({ unit: fc.constantFrom('a', '=', '&', '?', '/', ':'), minLength: 1 })
          .map((text) => `?${text}`),
      ),
    });
    fc.assert(
      fc.property(asked, asked, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        assert.equal(primaryKeyOf(one, ALL) === primaryKeyOf(other, ALL), isSame);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the part of a query that counts', () => {
  const of = (query: string, rule: KeyRules['query']) =>
    keyedQuery(query, { query: rule, headers: [] });

  it('is all of it, or nothing', () => {
    assert.equal(of('?b=1&a=2&b=1', 'all'), '?b=1&a=2&b=1');
    assert.equal(of('?b=1', 'none'), '');
  });

  it('is what is named, in its order', () => {
    assert.equal(of('?utm=x&q=1&page=2&q=0', { only: ['page', 'q'] }), '?q=1&page=2&q=0');
    assert.equal(of('?utm=x', { only: ['q'] }), '');
    assert.equal(of('?q&&q=', { only: ['q', ''] }), '?q&q=');
  });

  it('is what is not ruled out', () => {
    assert.equal(of('?utm=x&q=1&=y', { without: ['utm'] }), '?q=1&=y');
  });

  it('knows names however they are encoded', () => {
    assert.equal(of('?%71=1&%75tm=x', { only: ['q'] }), '?%71=1');
    assert.equal(of('?a%20b=1&a+b=2&c=3', { without: ['a b'] }), '?c=3');
    assert.equal(of('?%ff=1&%=2', { without: ['q'] }), '?%ff=1&%=2');
  });

  it('has what some origins take for several parameters', () => {
    assert.equal(of('?utm=x;q=evil', { without: ['utm'] }), '?utm=x;q=evil');
    assert.equal(of('?utm=x;q=evil&utm=y', { only: ['q'] }), '?utm=x;q=evil');
  });

  it('holds on to nothing that is not in the query, for any text', () => {
    const rule = fc.constantFrom<KeyRules['query']>(
      'all',
      'none',
      { only: ['a'] },
      { without: ['a'] },
    );
    fc.assert(
      fc.property(fc.string(), rule, (text, query) => {
        const parts = new Set(text.split('&'));
        const kept = of(`?${text}`, query);
        for (const part of kept.slice(1).split('&')) assert.ok(part === '' || parts.has(part));
      }),
    );
  });
});

describe('the key of a variant', () => {
  const of = (names: string[], ...lines: string[]) => variantKeyOf(names, fieldsOf(...lines));

  it('is empty where nothing chooses', () => {
    assert.equal(of([], 'Foo: 1'), '');
  });

  it('tells values apart, and a field that is absent from one that is empty', () => {
    const keys = [of(['foo']), of(['foo'], 'Foo:'), of(['foo'], 'Foo: 1'), of(['foo'], 'Foo: 2')];
    assert.equal(new Set(keys).size, keys.length);
  });

  it('leaves out what does not choose', () => {
    assert.equal(of(['foo'], 'Foo: 1', 'Other: 2'), of(['foo'], 'Other: 3', 'foo: 1'));
  });

  it('is the same for one list on one line or two, with spaces or without', () => {
    for (const lines of [['Foo: 1, 2'], ['Foo: 1,2'], ['Foo: 1', 'Foo: 2'], ['Foo:  1 ,, 2 ']]) {
      assert.equal(of(['foo'], ...lines), of(['foo'], 'Foo: 1,2'), lines.join());
    }
  });

  it('leaves alone what is quoted', () => {
    assert.notEqual(of(['foo'], 'Foo: "1, 2"'), of(['foo'], 'Foo: "1,2"'));
    assert.notEqual(of(['foo'], 'Foo: "1, 2'), of(['foo'], 'Foo: "1,2'));
  });

  it('leaves alone values that are no lists', () => {
    assert.notEqual(of(['cookie'], 'Cookie: a=1, b=2'), of(['cookie'], 'Cookie: a=1,b=2'));
    assert.notEqual(
      of(['cookie'], 'Cookie: a=1, b=2'),
      of(['cookie'], 'Cookie: a=1', 'Cookie: b=2'),
    );
    assert.notEqual(of(['user-agent'], 'User-Agent: a, b'), of(['user-agent'], 'User-Agent: a,b'));
  });

  it('leaves out what Connection keeps from the origin', () => {
    assert.equal(of(['foo'], 'Connection: close, Foo', 'Foo: 1'), of(['foo']));
    assert.equal(of(['foo'], 'Connection: keep-alive', 'Foo: 1'), of(['foo'], 'Foo: 1'));
  });

  it('differs for any two requests whose fields differ', () => {
    const value = fc.option(fc.string({ unit: fc.constantFrom('a', ':', '=', ';', '%', 'b') }));
    const pair = fc.record({ x: value, y: value });
    const keyOfPair = ({ x, y }: { x: string | null; y: string | null }) =>
      of(['x', 'y'], ...(x === null ? [] : [`X: ${x}`]), ...(y === null ? [] : [`Y: ${y}`]));
    fc.assert(
      fc.property(pair, pair, (one, other) => {
        const isSame = one.x === other.x && one.y === other.y;
        assert.equal(keyOfPair(one) === keyOfPair(other), isSame);
      }),
      { numRuns: 2_000 },
    );
  });
});
