import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ProxyConfig, type ProxyConfigInput, proxySchema } from '../config.ts';
import { redacted } from '../config-redacted.ts';
import { describeChanges, diffConfigs } from './diff.ts';

const A = 'http://127.0.0.1:4001';
const B = 'http://127.0.0.1:4002';

function config(changes: Partial<ProxyConfigInput> = {}): ProxyConfig {
  return proxySchema.parse({
    listeners: [{ address: '127.0.0.1:8080' }],
    services: { items: { upstreams: [{ url: A }] } },
    routes: [{ service: 'items' }],
    ...changes,
  } satisfies ProxyConfigInput);
}

/** The lines for people, between two configs that have `before` and `after` of their own. */
function lines(before: Partial<ProxyConfigInput>, after: Partial<ProxyConfigInput>): string[] {
  return describeChanges(diffConfigs(config(before), config(after)));
}

function items(settings: object) {
  return { services: { items: { upstreams: [{ url: A }], ...settings } } };
}

const cases: [
  name: string,
  before: Partial<ProxyConfigInput>,
  after: Partial<ProxyConfigInput>,
  expected: string[],
][] = [
  ['nothing', {}, {}, []],
  ['a default that is written out', {}, items({ timeouts: { connect: '2s' } }), []],
  [
    'the same URL in other letters',
    {},
    items({ upstreams: [{ url: 'HTTP://127.0.0.1:4001/' }] }),
    [],
  ],
  [
    'listeners',
    { listeners: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:8080' }] },
    { listeners: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }] },
    ['- listeners 127.0.0.1:8080', '+ listeners 127.0.0.1:0'],
  ],
  [
    'services, without each of their settings',
    {},
    {
      services: {
        items: { upstreams: [{ url: A }] },
        users: { upstreams: [{ url: A }, { url: B }], retries: 5 },
      },
      routes: [{ match: { path: '/users/*' }, service: 'users' }, { service: 'items' }],
    },
    ['+ services users (2 upstreams)', '+ routes /users/* (to users)'],
  ],
  [
    'upstreams',
    items({ upstreams: [{ url: A }, { url: B, weight: 2 }] }),
    items({ upstreams: [{ url: B, weight: 3, maxInFlight: 5 }, { url: 'unix:/run/a.sock' }] }),
    [
      `- services.items.upstreams ${A}`,
      `~ services.items.upstreams ${B} weight 2 → 3`,
      `~ services.items.upstreams ${B} maxInFlight not set → 5`,
      '+ services.items.upstreams unix:/run/a.sock',
    ],
  ],
  [
    'the order of upstreams, which does not count',
    items({ upstreams: [{ url: A }, { url: B }] }),
    items({ upstreams: [{ url: B }, { url: A }] }),
    [],
  ],
  [
    'settings as people write them',
    items({ timeouts: { connect: '2s' }, retryStatuses: [502, 503] }),
    items({ timeouts: { connect: '5s', total: '1m' }, retryStatuses: [503] }),
    [
      '~ services.items.timeouts.connect 2s → 5s',
      '~ services.items.timeouts.total not set → 1m',
      '~ services.items.retryStatuses [502, 503] → [503]',
    ],
  ],
  [
    'settings of the whole edge',
    { limits: { requestBodySize: '10MiB' } },
    { limits: { requestHeadSize: '32KiB' }, trustedProxies: ['10.0.0.0/8'], workers: 3 },
    [
      '~ workers 1 → 3',
      '~ trustedProxies [] → [10.0.0.0/8]',
      '~ limits.requestHeadSize 16KiB → 32KiB',
      '~ limits.requestBodySize 10MiB → not set',
    ],
  ],
  [
    'what a route does',
    { routes: [{ match: { path: '/x' }, service: 'items' }] },
    {
      routes: [
        { match: { path: '/x' }, service: 'items', deadline: '2s', hedge: { delay: '50ms' } },
      ],
    },
    ['~ routes /x deadline not set → 2s', '~ routes /x hedge false → after 50ms'],
  ],
  [
    'a cache that is switched on',
    { routes: [{ service: 'items' }] },
    { routes: [{ service: 'items', cache: { staleIfError: '1m' } }] },
    ['~ routes everything cache false → true'],
  ],
  [
    'a cache that is as it would be by default',
    { routes: [{ service: 'items', cache: true }] },
    { routes: [{ service: 'items', cache: { key: { query: 'all' } } }] },
    [],
  ],
  [
    'what a cache does',
    { routes: [{ service: 'items', cache: true }] },
    {
      routes: [
        {
          service: 'items',
          cache: {
            maxBodySize: '1MiB',
            heuristic: true,
            key: { query: { only: ['q', 'page'] }, headers: ['X-Tenant'] },
          },
        },
      ],
    },
    [
      '~ routes everything cache.maxBodySize 8MiB → 1MiB',
      '~ routes everything cache.heuristic false → not set',
      '~ routes everything cache.key.query all → not set',
      '~ routes everything cache.key.headers [] → [X-Tenant]',
      '~ routes everything cache.heuristic.fraction not set → 0.1',
      '~ routes everything cache.heuristic.max not set → 24h',
      '~ routes everything cache.key.query.only not set → [q, page]',
    ],
  ],
  [
    'the tiers of the cache',
    { cache: { redis: { url: 'redis://user:one@a:6379' } } },
    { cache: { memory: '1GiB', redis: { url: 'redis://user:one@b:6379', prefix: 'edge:' } } },
    [
      '~ cache.memory 256MiB → 1GiB',
      '~ cache.redis.url redis://user:<secret>@a:6379 → redis://user:<secret>@b:6379',
      '~ cache.redis.prefix headgate: → edge:',
    ],
  ],
  [
    'routes by all that they match',
    { routes: [{ match: { host: 'a.example', methods: ['POST', 'GET'] }, service: 'items' }] },
    { routes: [{ match: { path: '/x', headers: { b: '2', a: '1' } }, service: 'items' }] },
    ['- routes a.example/* GET,POST (to items)', '+ routes /x a=1 b=2 (to items)'],
  ],
];

describe('a difference of two configurations', () => {
  for (const [name, before, after, expected] of cases) {
    it(`is ${name}`, () => assert.deepEqual(lines(before, after), expected));
  }

  it('is a token that is another, without showing it', () => {
    const admin = (token: string) => ({ admin: { address: '127.0.0.1:9090', token } });
    const [one, other] = ['first-token-of-all', 'another-token-now'];
    assert.deepEqual(lines(admin(one), admin(other)), ['~ admin.token <secret> → another']);
    assert.deepEqual(lines({ admin: { address: '127.0.0.1:9090' } }, admin(one)), [
      '~ admin.token not set → <secret>',
    ]);
  });

  it('is a password of Redis that is another, without showing it', () => {
    const nodes = ['redis://a:6379'];
    const places = (password: string) => [
      { url: `redis://:${password}@a:6379` },
      { sentinel: { name: 'main', nodes, password } },
      { sentinel: { name: 'main', nodes, sentinelPassword: password } },
      { cluster: { nodes, password } },
    ];
    const [before, after] = [places('first'), places('second')];
    const paths = ['url', 'sentinel.password', 'sentinel.sentinelPassword', 'cluster.password'];
    for (const [i, path] of paths.entries()) {
      assert.deepEqual(lines({ cache: { redis: before[i] } }, { cache: { redis: after[i] } }), [
        `~ cache.redis.${path} <secret> → another`,
      ]);
    }
  });

  it('is none where a secret was hidden already', () => {
    const secretive = config({
      admin: { address: '127.0.0.1:9090', token: 'first-token-of-all' },
      cache: { redis: { url: 'redis://:hidden@a:6379' } },
    });
    const shown = JSON.parse(JSON.stringify(redacted(secretive))) as ProxyConfig;
    assert.deepEqual(diffConfigs(shown, secretive), []);
  });

  it('is as few moved routes as there can be', () => {
    const route = (path: string) => ({ match: { path }, service: 'items' });
    const before = ['/a', '/b', '/c', '/d'].map(route);
    const after = ['/d', '/a', '/b', '/c'].map(route);
    assert.deepEqual(lines({ routes: before }, { routes: after }), ['~ routes /d place 4 → 1']);
    // One that is gone moves nobody.
    assert.deepEqual(lines({ routes: before }, { routes: before.slice(1) }), [
      '- routes /a (to items)',
    ]);
  });

  it('of routes in any order is none, exactly when the order is the same', () => {
    const paths = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 8 });
    const routes = (numbers: readonly number[]) => ({
      routes: numbers.map((number) => ({ match: { path: `/r${number}` }, service: 'items' })),
    });
    fc.assert(
      fc.property(paths, paths, (before, after) => {
        const changes = diffConfigs(config(routes(before)), config(routes(after)));
        assert.equal(changes.length === 0, before.join() === after.join());
        const moved = changes.filter(({ kind }) => kind === 'changed').length;
        const common = after.filter((number) => before.includes(number));
        const isSorted = common.every((number, i) => {
          const next = common[i + 1];
          return next === undefined || before.indexOf(number) < before.indexOf(next);
        });
        assert.equal(moved === 0, isSorted);
        assert.ok(moved < Math.max(1, common.length), 'at least one route keeps its place');
      }),
      { numRuns: 100 },
    );
  });
});
