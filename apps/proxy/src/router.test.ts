import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRouter, hostnameOf, type RouteMatch, type RouteResult } from './router.ts';

interface Asked {
  readonly method?: string;
  readonly hostname?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function route(matches: readonly (RouteMatch | undefined)[], asked: Asked): RouteResult {
  const { method = 'GET', hostname = 'example.com', path = '/', headers = {} } = asked;
  const router = createRouter(matches.map((match) => ({ match, service: 'items' })));
  return router.match({ method, hostname, path, header: (name) => headers[name] });
}

/** The place of the route that was found, or why there is none. */
function found(matches: readonly (RouteMatch | undefined)[], asked: Asked): number | string {
  const result = route(matches, asked);
  return result.kind === 'found' ? result.route.index : result.kind;
}

describe('a router', () => {
  it('finds nothing without routes', () => {
    assert.equal(found([], {}), 'none');
  });

  it('takes everything with a route that asks for nothing', () => {
    assert.equal(found([undefined], { path: '/x' }), 0);
    assert.equal(found([{}], { path: '*', method: 'OPTIONS', hostname: '' }), 0);
  });

  const hosts: [host: string, hostname: string, expected: number | 'none'][] = [
    ['api.example.com', 'api.example.com', 0],
    ['API.Example.com', 'api.example.com', 0],
    ['api.example.com', 'example.com', 'none'],
    ['api.example.com', 'api.example.com.evil.com', 'none'],
    ['api.example.com', '', 'none'],
    ['*.example.com', 'api.example.com', 0],
    ['*.example.com', 'a.b.example.com', 0],
    ['*.example.com', 'example.com', 'none'],
    ['*.example.com', '.example.com', 'none'],
    ['*.example.com', 'evilexample.com', 'none'],
    ['*.EXAMPLE.com', 'api.example.com', 0],
    ['::1', '::1', 0],
  ];
  for (const [host, hostname, expected] of hosts) {
    it(`answers ${expected} for host "${hostname}" and route ${host}`, () => {
      assert.equal(found([{ host }], { hostname }), expected);
    });
  }

  const paths: [route: string, path: string, expected: number | 'none'][] = [
    ['/items', '/items', 0],
    ['/items', '/items/', 'none'],
    ['/items', '/items/5', 'none'],
    ['/items', '/Items', 'none'],
    ['/items/*', '/items', 0],
    ['/items/*', '/items/', 0],
    ['/items/*', '/items/5/parts', 0],
    ['/items/*', '/itemsmore', 'none'],
    ['/items/*', '/item', 'none'],
    ['/items/*', '/', 'none'],
    ['/*', '/', 0],
    ['/*', '/items', 0],
    ['/a%2Fb', '/a%2Fb', 0],
    ['/a%2Fb', '/a/b', 'none'],
  ];
  for (const [pattern, path, expected] of paths) {
    it(`answers ${expected} for path ${path} and route ${pattern}`, () => {
      assert.equal(found([{ path: pattern }], { path }), expected);
    });
  }

  it('asks for headers by name in any case and by exact value', () => {
    const matches = [{ headers: { 'X-Version': '2', 'x-beta': 'yes' } }];
    assert.equal(found(matches, { headers: { 'x-version': '2', 'x-beta': 'yes' } }), 0);
    assert.equal(found(matches, { headers: { 'x-version': '2' } }), 'none');
    assert.equal(found(matches, { headers: { 'x-version': '2', 'x-beta': 'Yes' } }), 'none');
  });

  it('tries routes in the order they are written', () => {
    const matches = [{ path: '/items/5' }, { path: '/items/*' }, undefined];
    assert.equal(found(matches, { path: '/items/5' }), 0);
    assert.equal(found(matches, { path: '/items/6' }), 1);
    assert.equal(found(matches, { path: '/users' }), 2);
  });

  it('lists the methods of every route that fails for the method alone, each once', () => {
    const matches = [
      { path: '/items', methods: ['GET', 'HEAD'] },
      { path: '/users', methods: ['PATCH'] },
      { path: '/*', methods: ['POST', 'GET'] },
    ];
    const result = route(matches, { method: 'DELETE', path: '/items' });
    assert.deepEqual(result, { kind: 'method', allowed: ['GET', 'HEAD', 'POST'] });
  });

  it('goes on to a later route when an earlier one wants another method', () => {
    const matches = [{ path: '/items', methods: ['GET'] }, { path: '/items' }];
    assert.equal(found(matches, { method: 'POST', path: '/items' }), 1);
  });

  it('finds the same route as asking every route for itself', () => {
    fc.assert(
      fc.property(fc.array(someMatch, { maxLength: 6 }), someAsked, (matches, asked) => {
        const first = matches.findIndex((match) => takes(match, asked));
        const but = matches.filter((match) => takes({ ...match, methods: undefined }, asked));
        const result = route(matches, asked);
        if (first >= 0) {
          assert.equal(result.kind === 'found' && result.route.index, first);
        } else if (but.length > 0) {
          const allowed = [...new Set(but.flatMap(({ methods }) => methods ?? []))];
          assert.deepEqual(result, { kind: 'method', allowed });
        } else {
          assert.deepEqual(result, { kind: 'none' });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

const someMatch: fc.Arbitrary<RouteMatch> = fc.record(
  {
    host: fc.constantFrom('a.b', '*.b', '*.a.b'),
    path: fc.constantFrom('/', '/*', '/x', '/x/*', '/x/y', '/xy/*'),
    methods: fc.subarray(['GET', 'PUT', 'POST'], { minLength: 1 }),
    headers: fc.constantFrom({}, { h: '1' }, { h: '2' }),
  },
  { requiredKeys: [] },
);

const someAsked = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'DELETE'),
  hostname: fc.constantFrom('', 'b', 'a.b', 'x.a.b'),
  path: fc.constantFrom('/', '/x', '/x/', '/x/y', '/x/y/z', '/xy'),
  headers: fc.constantFrom({}, { h: '1' }, { h: '2' }),
});

/** The rules once more, as plainly as they can be said. */
function takes(match: RouteMatch, asked: Required<Asked>): boolean {
  const { host, path, methods, headers = {} } = match;
  const dotted = (text: string) => text.replaceAll('.', '\\.');
  const hostRule = host && new RegExp(`^${dotted(host).replace('*', '.+')}$`);
  const pathRule = path && new RegExp(`^${path.replace(/\/\*$/, '(/.*)?')}$`);
  return (
    (!hostRule || hostRule.test(asked.hostname)) &&
    (!pathRule || pathRule.test(asked.path)) &&
    (!methods || methods.includes(asked.method)) &&
    Object.entries(headers).every(([name, value]) => asked.headers[name] === value)
  );
}

describe('hostnameOf', () => {
  const cases: [host: string, hostname: string][] = [
    ['Example.COM', 'example.com'],
    ['example.com:8080', 'example.com'],
    ['[::1]', '::1'],
    ['[2001:DB8::1]:8080', '2001:db8::1'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['', ''],
    [':80', ''],
    ['[::1', '['],
  ];
  for (const [host, hostname] of cases) {
    it(`reads "${hostname}" from "${host}"`, () => assert.equal(hostnameOf(host), hostname));
  }
});
