/** Contradictions between settings, found even when the schema has refused other parts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type BrokenConfig,
  itRefuses,
  LISTENERS,
  lines,
  listening,
  ROUTES,
  routing,
  SERVICES,
  serving,
  whole,
} from './broken-config.test-support.ts';
import { crossCheck } from './config-checks.ts';
import { createRouter, type RouteMatch } from './router.ts';

const table: BrokenConfig[] = [
  {
    name: 'a mistyped match key hides no other route',
    text: routing('  - match:', '      pth: /items/*', '    service: items', '  - service: items'),
    problems: ['5  routes[0].match.pth: unknown setting, did you mean "path"?'],
  },
  {
    name: 'a listener twice',
    text: listening('  - address: 127.0.0.1:8080', '  - address: 127.0.0.1:8080'),
    problems: ['3  listeners[1].address: 127.0.0.1:8080 is taken by listeners[0] already'],
  },
  {
    name: 'an admin listener on the address of a listener',
    text: whole('admin:', '  address: 127.0.0.1:08080'),
    problems: ['5  admin.address: 127.0.0.1:08080 is taken by listeners[0] already'],
  },
  {
    name: 'a unix socket that two listeners and the admin listener want',
    text: lines(
      'listeners: [{ address: unix:/run/a }, { address: unix:/run/a }]',
      SERVICES,
      ROUTES,
      'admin: { address: unix:/run/a }',
    ),
    problems: [
      '1  listeners[1].address: unix:/run/a is taken by listeners[0] already',
      '4  admin.address: unix:/run/a is taken by listeners[0] already',
    ],
  },
  {
    name: 'no service',
    text: lines(LISTENERS, 'services: {}', ROUTES),
    problems: [
      '2  services: expected at least one service',
      '3  routes[0].service: no service is called "items"; services are: none',
    ],
  },
  {
    name: 'a service name in capitals',
    text: lines(
      LISTENERS,
      'services:',
      '  Items: { upstreams: [{ url: http://127.0.0.1:4001 }] }',
      'routes: [{ service: Items }]',
    ),
    problems: [
      '3  services.Items: not a name that fits here: expected a name such as items or user-api',
    ],
  },
  {
    name: 'an upstream twice, spelled differently',
    text: serving('      - url: HTTP://127.0.0.1:4001/'),
    problems: [
      '7  services.items.upstreams[1].url: the same address as upstreams[0]; use weight to give it more',
    ],
  },
  {
    name: 'an upstream twice on a unix socket',
    text: serving('      - url: unix:/run/app.sock', '      - url: unix:/run/app.sock'),
    problems: [
      '8  services.items.upstreams[2].url: the same address as upstreams[1]; use weight to give it more',
    ],
  },
  {
    name: 'a service that does not exist',
    text: routing('  - service: itms'),
    problems: ['4  routes[0].service: no service is called "itms"; services are: items'],
  },
  {
    name: 'a path with a query',
    text: routing('  - match: { path: "/a?x=1" }', '    service: items'),
    problems: ['4  routes[0].match.path: can never match: a path ends where the query begins'],
  },
  {
    name: 'a path with dot segments',
    text: routing('  - match: { path: /a/../b }', '    service: items'),
    problems: ['4  routes[0].match.path: can never match: requests have it as /b'],
  },
  {
    name: 'a path with a lower-case escape',
    text: routing('  - match: { path: /a%2fb }', '    service: items'),
    problems: ['4  routes[0].match.path: can never match: requests have it as /a%2Fb'],
  },
  {
    name: 'a path with half an escape',
    text: routing('  - match: { path: /a%zz }', '    service: items'),
    problems: [
      '4  routes[0].match.path: can never match: the path has a malformed escape, an encoded NUL or a forbidden character',
    ],
  },
  {
    name: 'a path below an earlier prefix',
    text: routing(
      '  - match: { path: /items/* }',
      '    service: items',
      '  - match: { path: /items/5 }',
      '    service: items',
    ),
    problems: ['6  routes[1]: can never match: routes[0] takes every request it would take'],
  },
  {
    name: 'a route shadowed in another spelling',
    text: routing(
      '  - match: { host: "*.example.com", headers: { X-A: b } }',
      '    service: items',
      '  - match: { host: API.example.com, headers: { x-a: b }, methods: [GET] }',
      '    service: items',
    ),
    problems: ['6  routes[1]: can never match: routes[0] takes every request it would take'],
  },
  {
    name: 'many problems at once',
    text: lines(
      'listeners:',
      '  - adress: 127.0.0.1:8080',
      'services:',
      '  items:',
      '    policy: fastest',
      '    upstreams:',
      '      - url: http://127.0.0.1:4001',
      '        weight: 0',
      '      - url: http://127.0.0.1:4001',
      '      - url: nonsense',
      'routes:',
      '  - service: itms',
      '  - match: { path: /x }',
      '    service: items',
      'admin: { address: nowhere }',
      'logLevl: info',
    ),
    problems: [
      '2  listeners[0].address: missing; expected host:port such as 127.0.0.1:8080 or unix:/path',
      '2  listeners[0].adress: unknown setting, did you mean "address"?',
      '5  services.items.policy: expected one of "least-connections", "round-robin", "random", "power-of-two", "peak-ewma", "hash", "sticky", got "fastest"',
      '8  services.items.upstreams[0].weight: expected a number of more than 0 and at most 1000, got 0',
      '9  services.items.upstreams[1].url: the same address as upstreams[0]; use weight to give it more',
      '10  services.items.upstreams[2].url: expected a URL such as http://127.0.0.1:4001 or unix:/path, got "nonsense"',
      '12  routes[0].service: no service is called "itms"; services are: items',
      '13  routes[1]: can never match: routes[0] takes every request it would take',
      '15  admin.address: expected host:port such as 127.0.0.1:8080 or unix:/path, got "nowhere"',
      '16  logLevl: unknown setting, did you mean "logLevel"?',
    ],
  },
];

describe('a config that contradicts itself', () => {
  for (const broken of table) itRefuses(broken);
});

type Found = { path: (string | number)[]; message: string };

function check(config: unknown, issues: { path: PropertyKey[] }[] = []): Found[] {
  const found: Found[] = [];
  crossCheck(config, {
    issues,
    addIssue: ({ path, message }) => {
      found.push({ path, message });
    },
  });
  return found;
}

describe('cross checks', () => {
  it('find nothing in a config that is consistent', () => {
    const upstreams = ['http://a:1', 'http://a:2', 'unix:/run/a', 'unix:/run/b'];
    const found = check({
      listeners: [
        { address: '127.0.0.1:8080' },
        { address: '[::1]:8080' },
        { address: 'unix:/run/c' },
      ],
      admin: { address: 'unix:/run/d' },
      services: { items: { upstreams: upstreams.map((url) => ({ url })) } },
      routes: [{ match: { path: '/items' }, service: 'items' }, { service: 'items' }],
    });
    assert.deepEqual(found, []);
  });

  it('let any number of addresses ask for a free port', () => {
    const found = check({
      listeners: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:00' }],
      admin: { address: '127.0.0.1:0' },
    });
    assert.deepEqual(found, []);
  });

  it('let two services share an upstream', () => {
    const upstreams = [{ url: 'http://a:1' }];
    assert.deepEqual(check({ services: { items: { upstreams }, users: { upstreams } } }), []);
  });

  it('take a route without a match for one that takes everything', () => {
    const routes = [{ service: 'items' }, { match: {}, service: 'items' }];
    assert.deepEqual(
      check({ routes }).map(({ path }) => path),
      [['routes', 1]],
    );
  });

  it('compare hosts and header names in any case', () => {
    const routes = [
      { match: { host: 'API.example.com', headers: { 'X-A': '1' } } },
      { match: { host: 'api.EXAMPLE.com', headers: { 'x-a': '1', 'x-b': '2' } } },
    ];
    assert.equal(check({ routes }).length, 1);
  });

  it('do not guess what a refused match was meant to take', () => {
    const routes = [{ match: {}, service: 'items' }, { service: 'items' }];
    for (const path of [
      ['routes', 0, 'match'],
      ['routes', 0],
      ['routes', 1, 'match', 'path'],
    ]) {
      assert.deepEqual(check({ routes }, [{ path }]), []);
    }
    assert.equal(check({ routes }, [{ path: ['routes', 0, 'service'] }]).length, 1);
  });

  it('never throw, whatever they are given', () => {
    const keys = ['listeners', 'admin', 'services', 'routes', 'address', 'upstreams', 'match'];
    const anything = fc.anything({ key: fc.constantFrom(...keys), maxDepth: 5 });
    fc.assert(fc.property(anything, (config) => void check(config)));
  });

  it('call a route shadowed only when the router never reaches it', () => {
    fc.assert(
      fc.property(fc.array(someMatch, { maxLength: 4 }), fc.array(someRequest), (all, requests) => {
        const routes = all.map((match) => ({ match, service: 'items' }));
        const shadowed = new Set(check({ routes }).map(({ path }) => path[1]));
        const router = createRouter(routes);
        for (const { method, hostname, path, value } of requests) {
          const result = router.match({ method, hostname, path, header: () => value });
          if (result.kind === 'found') assert.ok(!shadowed.has(result.route.index));
        }
      }),
    );
  });
});

const someMatch: fc.Arbitrary<RouteMatch> = fc.record(
  {
    host: fc.constantFrom('a.b', '*.b', '*.a.b', 'A.b', '*.B'),
    path: fc.constantFrom('/', '/*', '/x', '/x/*', '/x/y', '/x/y/*', '/xy'),
    methods: fc.subarray(['GET', 'PUT', 'POST'], { minLength: 1 }),
    headers: fc.constantFrom({}, { h: '1' }, { H: '1' }, { h: '2' }),
  },
  { requiredKeys: [] },
);

const someRequest = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'DELETE'),
  hostname: fc.constantFrom('', 'b', 'a.b', 'x.a.b'),
  path: fc.constantFrom('/', '/x', '/x/', '/x/y', '/x/y/z', '/xy', '/z'),
  value: fc.constantFrom(undefined, '1', '2'),
});
