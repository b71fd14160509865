import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ProxyConfigInput, proxySchema } from './config.ts';
import { explainRequest } from './explain.ts';
import { createRouter, hostnameOf } from './router.ts';
import { parseTarget } from './target.ts';

type RouteInput = ProxyConfigInput['routes'][number];

function configWith(routes: RouteInput[]) {
  return proxySchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    services: {
      items: {
        upstreams: [{ url: 'http://127.0.0.1:4001' }, { url: 'http://127.0.0.1:4002', weight: 3 }],
        healthCheck: {},
      },
      users: {
        policy: 'random',
        upstreams: [{ url: 'unix:/run/users.sock' }],
        timeouts: { total: '1m' },
        retries: 0,
      },
    },
    routes,
  });
}

const config = configWith([
  { match: { host: '*.example.com', path: '/items/*', methods: ['GET'] }, service: 'items' },
  { match: { path: '/users', headers: { 'x-version': '2' } }, service: 'users' },
]);

function explain(method: string, url: string, headers: string[] = []): string[] {
  return explainRequest(config, { method, url, headers });
}

describe('explain', () => {
  it('tells route, service, upstreams and rules', () => {
    assert.deepEqual(explain('GET', 'http://api.example.com/items/5?full'), [
      'request   GET /items/5?full at api.example.com',
      'route     routes[0] (host *.example.com, path /items/*, methods GET)',
      'service   items, least-connections',
      'upstream  http://127.0.0.1:4001 weight 1',
      'upstream  http://127.0.0.1:4002 weight 3',
      'health    GET /health every 2000 ms, 3 failures take it out, 2 answers bring it back',
      'cache     off',
      'retries   up to 2 on other upstreams, also when a connection died before the answer began',
      'timeouts  connect 2000 ms, first byte 30000 ms, idle 60000 ms, no limit in total',
    ]);
  });

  it('tells what the cache of a route does', () => {
    const cacheLine = (route: Partial<RouteInput>, method = 'GET') =>
      explainRequest(configWith([{ service: 'items', ...route }]), {
        method,
        url: 'http://a.example/items',
        headers: [],
      }).find((line) => line.startsWith('cache'));
    assert.equal(
      cacheLine({ cache: true }),
      'cache     kept by URL (with its query) and Vary, bodies up to 8MiB',
    );
    const keys = [
      [{ query: 'none' }, 'without its query)'],
      [{ query: { only: ['page', 'q'] } }, 'of the query only page, q)'],
      [{ query: { without: ['utm_source'] } }, 'of the query all but utm_source)'],
      [{ headers: ['X-Tenant'] }, 'with its query), X-Tenant'],
    ] as const;
    for (const [key, words] of keys) {
      const cache = { key, maxBodySize: '1KiB' } as RouteInput['cache'];
      assert.equal(
        cacheLine({ cache }, 'HEAD'),
        `cache     kept by URL (${words} and Vary, bodies up to 1KiB`,
      );
    }
    assert.equal(
      cacheLine({ cache: true }, 'PUT'),
      'cache     not for PUT; what is kept of this URL is forgotten when the answer is a success',
    );
  });

  it('takes host and headers as the edge would', () => {
    const lines = explain('POST', '/users', ['Host', 'a.b:80', 'X-Version', '2']);
    assert.deepEqual(lines.slice(0, 3), [
      'request   POST /users at a.b:80',
      'route     routes[1] (path /users, x-version: 2)',
      'service   users, random',
    ]);
    assert.ok(lines.includes('upstream  unix:/run/users.sock weight 1'));
    assert.ok(lines.includes('health    none; upstreams are asked as long as they are configured'));
    assert.ok(
      lines.includes('retries   up to 0 on other upstreams, but a POST only when nothing was sent'),
    );
    assert.equal(
      lines.at(-1),
      'timeouts  connect 2000 ms, first byte 30000 ms, idle 60000 ms, total 60000 ms',
    );
  });

  it('prefers the host of the URL to the Host field', () => {
    const [request] = explain('GET', 'http://api.example.com/items', ['Host', 'other']);
    assert.equal(request, 'request   GET /items at api.example.com');
  });

  it('shows what the path was normalised from', () => {
    assert.deepEqual(explain('GET', '/a/%2e%2e/b?c', []).slice(0, 2), [
      'request   GET /b?c',
      '          path normalised from /a/%2e%2e/b',
    ]);
  });

  it('says which error the edge answers itself', () => {
    assert.deepEqual(explain('GET', '/a%00').slice(-1), [
      'answered by the edge  400 Bad request: the path has a malformed escape, an encoded NUL or a forbidden character',
    ]);
    assert.deepEqual(explain('GET', '/nothing').slice(-1), [
      'route     none: the edge answers 404',
    ]);
    assert.deepEqual(explain('PUT', 'http://a.example.com/items').slice(-1), [
      'route     none for PUT: the edge answers 405, allow GET',
    ]);
  });

  it('agrees with the router about every request', () => {
    const match = fc.record(
      {
        host: fc.constantFrom('a.b', '*.b'),
        path: fc.constantFrom('/', '/x', '/x/*', '/x/y'),
        methods: fc.subarray(['GET', 'PUT'], { minLength: 1 }),
        headers: fc.constantFrom({ h: '1' }, { H: '2' }),
      },
      { requiredKeys: [] },
    );
    const routes = fc.array(
      fc.record({
        match,
        service: fc.constantFrom('items', 'users'),
        priority: fc.constant('normal' as const),
        hedge: fc.constant(false),
        cache: fc.constant(false as const),
      }),
    );
    const method = fc.constantFrom('GET', 'PUT', 'DELETE');
    const url = fc.constantFrom('/', '/x', '/x/./y', '/%78', '/x%', 'http://a.b/x', 'http://b/z?q');
    const headers = fc.constantFrom([], ['Host', 'c.B:80'], ['host', 'a.b', 'H', '1'], ['h', '2']);
    const base = configWith([{ service: 'items' }]);
    fc.assert(
      fc.property(routes, method, url, headers, (list, verb, where, fields) => {
        const lines = explainRequest(
          { ...base, routes: list },
          { method: verb, url: where, headers: fields },
        );
        assert.equal(decisionIn(lines), decisionOf(list, verb, where, fields));
      }),
      { numRuns: 500 },
    );
  });
});

/** The route, or the status the edge answers with, as `explain` tells it. */
function decisionIn(lines: readonly string[]): string {
  const text = lines.join('\n');
  return /routes\[\d+\]|\b(400|404|405)\b/.exec(text)?.[0] ?? text;
}

/** The same from the parts the edge is made of. */
function decisionOf(
  routes: Parameters<typeof createRouter>[0],
  method: string,
  url: string,
  headers: readonly string[],
): string {
  const target = parseTarget(url, method);
  if (!target.ok) return '400';
  const fields = new Headers();
  for (let i = 0; i < headers.length; i += 2) fields.set(headers[i] ?? '', headers[i + 1] ?? '');
  const result = createRouter(routes).match({
    method,
    path: target.path,
    hostname: hostnameOf(target.host ?? fields.get('host') ?? ''),
    header: (name) => fields.get(name) ?? undefined,
  });
  if (result.kind === 'found') return `routes[${result.route.index}]`;
  return result.kind === 'method' ? '405' : '404';
}
