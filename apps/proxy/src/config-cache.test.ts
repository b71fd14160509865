import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BrokenConfig, itRefuses, routing, whole } from './broken-config.test-support.ts';
import { type ProxyConfigInput, proxySchema } from './config.ts';
import { cachePolicyOf } from './config-cache.ts';

/** A config whose only route caches like this, on line 4. */
function caching(cache: string): string {
  return routing(`  - { service: items, cache: ${cache} }`);
}

const table: BrokenConfig[] = [
  {
    name: 'a cache that is neither on, off nor described',
    text: caching('yes please'),
    problems: ['4  routes[0].cache: expected true or false or an object, got "yes please"'],
  },
  {
    name: 'a mistyped setting of a cache',
    text: caching('{ staleIfEror: 1m }'),
    problems: ['4  routes[0].cache.staleIfEror: unknown setting, did you mean "staleIfError"?'],
  },
  {
    name: 'a cache for nothing',
    text: caching('{ maxBodySize: 0B }'),
    problems: ['4  routes[0].cache.maxBodySize: expected more than 0B'],
  },
  {
    name: 'a guess of more than the whole age',
    text: caching('{ heuristic: { fraction: 2 } }'),
    problems: [
      '4  routes[0].cache.heuristic.fraction: expected a number of more than 0 and at most 1, got 2',
    ],
  },
  {
    name: 'a header name that no request can have',
    text: caching('{ key: { headers: ["x tenant"] } }'),
    problems: ['4  routes[0].cache.key.headers[0]: expected a header name'],
  },
  {
    name: 'a query reduced to nothing in a long way',
    text: caching('{ key: { query: { only: [] } } }'),
    problems: ['4  routes[0].cache.key.query.only: expected at least one name'],
  },
  {
    name: 'a query that is to be reduced in two ways',
    text: caching('{ key: { query: { only: [a], without: [b] } } }'),
    problems: [
      '4  routes[0].cache.key.query: expected "all", "none", { only: [NAME] } or { without: [NAME] }, got an object',
    ],
  },
  {
    name: 'a cache on a route that takes no request for which one is asked',
    text: routing('  - { match: { methods: [POST, PUT] }, service: items, cache: true }'),
    problems: [
      '4  routes[0].cache: keeps nothing: only GET and HEAD are answered from the cache, and this route takes POST, PUT',
    ],
  },
  {
    name: 'answers larger than the memory',
    text: routing(
      '  - { service: items, cache: { maxBodySize: 3MiB } }',
      'cache: { memory: 2MiB }',
    ),
    problems: [
      '4  routes[0].cache.maxBodySize: larger than all of cache.memory (2MiB), so nothing of the kind could be kept',
    ],
  },
  {
    name: 'a memory that is none',
    text: whole('cache: { memory: 64KiB }'),
    problems: ['4  cache.memory: expected at least 1MiB'],
  },
];

const input: ProxyConfigInput = {
  listeners: [{ address: '127.0.0.1:8080' }],
  services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
  routes: [{ service: 'items' }],
};

type CacheInput = NonNullable<ProxyConfigInput['routes'][number]['cache']>;

function policyFor(cache: CacheInput) {
  const config = proxySchema.parse({ ...input, routes: [{ service: 'items', cache }] });
  return cachePolicyOf(config.routes[0]?.cache ?? false);
}

const DEFAULTS = {
  maxBodyBytes: 8 * 2 ** 20,
  heuristic: undefined,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  honoursClients: true,
  key: { query: 'all', headers: [] },
  keepsSetCookie: false,
  collapses: true,
  tellsStatus: true,
};

describe('the cache of a route', () => {
  for (const broken of table) itRefuses(broken);

  it('is off unless it is asked for', () => {
    assert.equal(policyFor(false), undefined);
    assert.equal(proxySchema.parse(input).routes[0]?.cache, false);
  });

  it('is the same when it is on and when it is empty', () => {
    assert.deepEqual(policyFor(true), DEFAULTS);
    assert.deepEqual(policyFor({}), DEFAULTS);
  });

  it('guesses like RFC 9111 when it may guess', () => {
    const heuristic = { fraction: 0.1, maxMs: 86_400_000 };
    assert.deepEqual(policyFor({ heuristic: true })?.heuristic, heuristic);
    assert.deepEqual(policyFor({ heuristic: {} })?.heuristic, heuristic);
    assert.equal(policyFor({ heuristic: false })?.heuristic, undefined);
  });

  it('is compiled to what the data path reads', () => {
    const policy = policyFor({
      maxBodySize: '1KiB',
      heuristic: { fraction: 0.5, max: '1m' },
      staleWhileRevalidate: '2s',
      staleIfError: '3s',
      clientDirectives: 'ignore',
      key: { query: { without: ['utm_source'] }, headers: ['X-Tenant'] },
      setCookie: 'keep',
      collapse: false,
      status: false,
    });
    assert.deepEqual(policy, {
      maxBodyBytes: 1_024,
      heuristic: { fraction: 0.5, maxMs: 60_000 },
      staleWhileRevalidateMs: 2_000,
      staleIfErrorMs: 3_000,
      honoursClients: false,
      key: { query: { without: ['utm_source'] }, headers: ['x-tenant'] },
      keepsSetCookie: true,
      collapses: false,
      tellsStatus: false,
    });
  });

  it('may be on a route that takes reads among other methods', () => {
    const routes = [{ match: { methods: ['HEAD', 'POST'] }, service: 'items', cache: true }];
    assert.ok(proxySchema.safeParse({ ...input, routes }).success);
  });

  it('has memory that is set up before anything caches', () => {
    const { cache } = proxySchema.parse({ ...input, cache: { memory: '1MiB' } });
    assert.deepEqual(cache, { memory: 2 ** 20 });
  });
});
