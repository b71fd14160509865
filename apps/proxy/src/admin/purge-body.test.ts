import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PurgeOrder } from '../edge-cache/purge-order.ts';
import { parsePurge } from './purge-body.ts';

const accepted: [body: object, order: PurgeOrder][] = [
  [
    { url: 'http://api.example/items?page=2' },
    { kind: 'url', url: 'http://api.example/items?page=2' },
  ],
  [{ url: 'https://[::1]:8443' }, { kind: 'url', url: 'https://[::1]:8443' }],
  [{ url: 'HTTP://API.example' }, { kind: 'url', url: 'HTTP://API.example' }],
  [
    { prefix: 'http://api.example/items/' },
    { kind: 'prefix', prefix: 'http://api.example/items/' },
  ],
  [
    { prefix: 'http://api.example/items?page=' },
    { kind: 'prefix', prefix: 'http://api.example/items?page=' },
  ],
  [{ tag: 'item-5' }, { kind: 'tags', tags: ['item-5'] }],
  [{ tags: ['a', 'b', 'a'] }, { kind: 'tags', tags: ['a', 'b'] }],
  [{ tags: ['x'.repeat(256)] }, { kind: 'tags', tags: ['x'.repeat(256)] }],
  [{ tag: 'größe:ü' }, { kind: 'tags', tags: ['größe:ü'] }],
  [{ all: true }, { kind: 'all' }],
];

const refused: [body: Record<string, unknown>, field: string | undefined, detail: RegExp][] = [
  [{}, undefined, /^expected exactly one of "url", "prefix", "tag", "tags", "all"$/],
  [{ uri: 'http://a/' }, 'uri', /got "uri"$/],
  [{ url: 'http://a/', all: true }, 'all', /got "url" and "all"$/],
  [{ tag: 'a', tags: ['b'] }, 'tags', /got "tag" and "tags"$/],
  [{ url: '/items/5' }, 'url', /^expected an absolute URL such as http:.*, got "\/items\/5"$/],
  [{ url: 'ftp://a/' }, 'url', /absolute URL/],
  [{ url: 'http://' }, 'url', /absolute URL/],
  [{ url: 5 }, 'url', /got 5$/],
  [{ url: null }, 'url', /got null$/],
  [{ url: `/${'a'.repeat(500)}` }, 'url', /^.{0,200}…$/],
  [{ url: 'http://a/größe' }, 'url', /percent-encoded/],
  [{ url: 'http://a/b c' }, 'url', /percent-encoded/],
  [{ url: 'http://a/b\nc' }, 'url', /percent-encoded/],
  [{ url: 'http://me@a/' }, 'url', /without a user/],
  [{ url: 'http://a/#top' }, 'url', /without #fragment/],
  [{ url: 'http://a/#' }, 'url', /without #fragment/],
  [{ url: 'http://a/%00' }, 'url', /^no request can ask for this: .*encoded NUL/],
  [{ prefix: 'http://a/items/*' }, 'prefix', /without the \* at the end/],
  [{ prefix: 'http://api.example' }, 'prefix', /as in http:\/\/api\.example\/$/],
  [{ prefix: 'items/' }, 'prefix', /such as http:\/\/api\.example\/items\//],
  [{ tag: '' }, 'tag', /^expected tags of 1 to 256 bytes without spaces and commas, got ""$/],
  [{ tag: 'a b' }, 'tag', /got "a b"$/],
  [{ tag: 'a,b' }, 'tag', /got "a,b"$/],
  [{ tag: 'a\u0000' }, 'tag', /without spaces and commas/],
  [{ tag: 'ü'.repeat(129) }, 'tag', /256 bytes/],
  [{ tag: ['a'] }, 'tag', /got \["a"\]$/],
  [{ tags: [] }, 'tags', /expected 1 to 100 tags, got 0$/],
  [{ tags: Array.from({ length: 101 }, (_, i) => `t${i}`) }, 'tags', /got 101$/],
  [{ tags: ['a', null] }, 'tags', /got null$/],
  [{ tags: 'a' }, 'tags', /^expected a list of tags, got "a"$/],
  [{ all: false }, 'all', /^expected true, got false$/],
];

describe('a purge', () => {
  for (const [body, order] of accepted) {
    it(`may be ${JSON.stringify(body).slice(0, 60)}`, () => {
      assert.deepEqual(parsePurge({ ...body }), { ok: true, order });
    });
  }

  for (const [body, field, detail] of refused) {
    it(`may not be ${JSON.stringify(body).slice(0, 60)}`, () => {
      const parsed = parsePurge(body);
      assert.ok(!parsed.ok, 'it was accepted');
      assert.equal(parsed.field, field);
      assert.match(parsed.detail, detail);
    });
  }
});
