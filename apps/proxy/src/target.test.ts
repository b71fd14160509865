import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTarget } from './target.ts';

/** What is sent on for a target that is accepted, with its authority in front. */
function sent(target: string, method = 'GET'): string {
  const parsed = parseTarget(target, method);
  assert.ok(parsed.ok, `${target} was refused`);
  return `${parsed.host ?? ''}${parsed.path}${parsed.query}`;
}

function reason(target: string, method = 'GET'): string {
  const parsed = parseTarget(target, method);
  assert.ok(!parsed.ok, `${target} was accepted`);
  return parsed.reason;
}

describe('parseTarget', () => {
  const normalised: [target: string, sent: string][] = [
    ['/', '/'],
    ['/items/5', '/items/5'],
    ['/items/', '/items/'],
    ['//items//5', '//items//5'],
    // Dot segments, plain and encoded (RFC 3986 §5.2.4).
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/b/..', '/a/'],
    ['/a/b/.', '/a/b/'],
    ['/..', '/'],
    ['/../../etc/passwd', '/etc/passwd'],
    ['/a/%2e%2e/b', '/b'],
    ['/a/.%2E/b', '/b'],
    ['/a/%2e/b', '/a/b'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a/.../b', '/a/.../b'],
    ['/a/..b/c', '/a/..b/c'],
    // Triplets (RFC 3986 §6.2.2).
    ['/%7Euser/%61', '/~user/a'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%2F..%2Fb', '/a%2F..%2Fb'],
    ['/a%5cb', '/a%5Cb'],
    ['/a%252e%252e/b', '/a%252e%252e/b'],
    ['/a%2541', '/a%2541'],
    ['/a%c3%a9', '/a%C3%A9'],
    ['/a;b=c,d&e=f:g@h', '/a;b=c,d&e=f:g@h'],
    // The query is opaque.
    ['/a?b=/../c', '/a?b=/../c'],
    ['/a?', '/a?'],
    ['/a?b?c', '/a?b?c'],
    ['/a?%00%zz\\', '/a?%00%zz\\'],
    // Absolute form (RFC 9112 §3.2.2).
    ['http://example.com', 'example.com/'],
    ['HTTP://example.com:8080/a/../b?c', 'example.com:8080/b?c'],
    ['https://[::1]:8080/a', '[::1]:8080/a'],
    ['http://example.com?a=b', 'example.com/?a=b'],
  ];
  for (const [target, expected] of normalised) {
    it(`sends ${target} on as ${expected}`, () => assert.equal(sent(target), expected));
  }

  it('takes the asterisk form for OPTIONS only', () => {
    assert.deepEqual(parseTarget('*', 'OPTIONS'), { ok: true, path: '*', query: '' });
    assert.equal(reason('*', 'GET'), 'the target * is for OPTIONS only');
  });

  const refused: [target: string, reason: RegExp][] = [
    ['', /neither a path nor an absolute/],
    ['items', /neither a path nor an absolute/],
    ['example.com:443', /neither a path nor an absolute/],
    ['ftp://example.com/', /neither a path nor an absolute/],
    ['http:///a', /neither a path nor an absolute/],
    ['http://', /neither a path nor an absolute/],
    ['http://user:secret@example.com/', /user information/],
    ['/a#b', /fragment/],
    ['/a?b#c', /fragment/],
    ['/a%00b', /encoded NUL/],
    ['/a%', /malformed escape/],
    ['/a%2', /malformed escape/],
    ['/a%zz', /malformed escape/],
    ['/a%%32%65', /malformed escape/],
    ['/a\\..\\b', /forbidden character/],
    ['http://example.com/a\\b', /forbidden character/],
    ['/a b', /forbidden character/],
    ['/a\tb', /forbidden character/],
    ['/a\u0000b', /forbidden character/],
    ['/a\u007f', /forbidden character/],
    ['/\u00e9', /forbidden character/],
    ['/a?b c', /must be encoded/],
    ['/a?\u00e9', /must be encoded/],
    ['http://exa mple.com/', /authority/],
    ['http://ex\u00e4mple.com/', /authority/],
    ['http://example.com\\@evil.com/', /user information/],
    ['http://example.com\\evil/', /authority/],
  ];
  for (const [target, expected] of refused) {
    it(`refuses ${JSON.stringify(target)}`, () => assert.match(reason(target), expected));
  }

  // Dense in what matters: dots, slashes, escapes of them, escapes of escapes.
  const piece = fc.constantFrom(
    ...['/', '.', '..', '%2e', '%2E', '%2f', '%2F', '%25', '%41', '%5c', '%00', '%', '\\'],
    ...['a', 'Z', '0', '~', ';', ':', '@', '?', '#', ' ', '\u00e9', '\u0000', 'http://h'],
  );
  const hostile = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  const target = fc.oneof(
    hostile,
    hostile.map((rest) => `/${rest}`),
    fc.string({ unit: 'binary' }).map((rest) => `/${rest}`),
  );

  it('normalises to something that is its own normal form', () => {
    fc.assert(
      fc.property(target, (text) => {
        const once = parseTarget(text, 'GET');
        fc.pre(once.ok);
        const again = parseTarget(once.path + once.query, 'GET');
        assert.deepEqual(again, { ok: true, path: once.path, query: once.query });
      }),
      { numRuns: 2_000 },
    );
  });

  it('leaves no dot segment and no character that another parser may read differently', () => {
    fc.assert(
      fc.property(target, (text) => {
        const parsed = parseTarget(text, 'GET');
        fc.pre(parsed.ok);
        assert.match(parsed.path, /^\/(?:[!"$&-.0-[\]-~/]|%[0-9A-F]{2})*$/);
        assert.ok(!parsed.path.includes('%00'));
        for (const segment of parsed.path.split('/')) {
          const seen = segment.replaceAll(/%2e/gi, '.');
          assert.ok(seen !== '.' && seen !== '..', parsed.path);
        }
        assert.match(parsed.query, /^(?:\?[!-~]*)?$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('agrees with the URL standard about where a plain path leads', () => {
    const segment = fc.constantFrom('.', '..', 'a', 'b', '', '%2e', 'c.d');
    const path = fc.array(segment, { minLength: 1 }).map((all) => `/${all.join('/')}`);
    fc.assert(
      fc.property(path, (text) => {
        // Two slashes in front would be an authority to URL, so it gets the path with a host.
        assert.equal(sent(text), new URL(`http://h${text}`).pathname);
      }),
    );
  });
});

it('an absolute OPTIONS target without a path is about the server, as *', () => {
  assert.deepEqual(parseTarget('http://example.com', 'OPTIONS'), {
    ok: true,
    path: '*',
    query: '',
    host: 'example.com',
  });
});
