import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatProblems, formatValues } from '@headgate/config';
import { type BrokenConfig, itRefuses, whole } from './broken-config.test-support.ts';
import { loadProxyConfig, type ProxyConfigInput, proxySchema } from './config.ts';
import { redacted } from './config-redacted.ts';
import { redisPlaceOf } from './config-redis.ts';

/** A config with this second tier, on line 4. */
function withRedis(redis: string): string {
  return whole(`cache: { redis: ${redis} }`);
}

const table: BrokenConfig[] = [
  {
    name: 'a Redis that is nowhere',
    text: withRedis('{ prefix: "edge:" }'),
    problems: ['4  cache.redis: expected one of url, sentinel, cluster'],
  },
  {
    name: 'a Redis in two places',
    text: withRedis('{ url: redis://a:6379, cluster: { nodes: [redis://b:6379] } }'),
    problems: [
      '4  cache.redis.cluster: expected one of url, sentinel, cluster, and there is url already',
    ],
  },
  {
    name: 'a mistyped place',
    text: withRedis('{ ulr: redis://a:6379 }'),
    problems: ['4  cache.redis.ulr: unknown setting, did you mean "url"?'],
  },
  {
    name: 'an address of something else',
    text: withRedis('{ url: http://10.0.0.1:6379 }'),
    problems: [
      '4  cache.redis.url: expected redis://host:port, rediss://host:port or unix:/path; http:// is none of them',
    ],
  },
  {
    name: 'an address without a scheme',
    text: withRedis('{ url: 10.0.0.1 }'),
    problems: ['4  cache.redis.url: expected redis://host:port, rediss://host:port or unix:/path'],
  },
  {
    name: 'the bare path of a socket',
    text: withRedis('{ url: /run/redis.sock }'),
    problems: ['4  cache.redis.url: expected unix:/run/redis.sock for a Unix socket'],
  },
  {
    name: 'a socket without a path',
    text: withRedis('{ url: "unix:redis.sock" }'),
    problems: [
      '4  cache.redis.url: expected an absolute path such as unix:/run/app.sock, got <secret>',
    ],
  },
  {
    name: 'settings in the query of the address',
    text: withRedis('{ url: "redis://a:6379?family=6" }'),
    problems: ['4  cache.redis.url: expected no ?query; settings have their place beside the url'],
  },
  {
    name: 'a database that is no number',
    text: withRedis('{ url: redis://a:6379/cache }'),
    problems: [
      '4  cache.redis.url: expected nothing or the number of a database after the port, such as redis://host:6379/2',
    ],
  },
  {
    name: 'a password that breaks the address, which it does not print',
    text: withRedis('{ url: "redis://:top/secret@a:6379" }'),
    problems: [
      '4  cache.redis.url: expected redis://host:port, rediss://host:port or unix:/path; escape what is special in a password, as in %2F for /',
    ],
  },
  {
    name: 'a sentinel without nodes',
    text: withRedis('{ sentinel: { name: main, nodes: [] } }'),
    problems: ['4  cache.redis.sentinel.nodes: expected at least one node'],
  },
  {
    name: 'a sentinel without a name',
    text: withRedis('{ sentinel: { nodes: [redis://a:26379] } }'),
    problems: [
      '4  cache.redis.sentinel.name: missing; expected the name Sentinel knows the Redis by',
    ],
  },
  {
    name: 'a password in the address of a node',
    text: withRedis('{ cluster: { nodes: ["redis://:hidden@a:6379"] } }'),
    problems: [
      '4  cache.redis.cluster.nodes[0]: expected no password in the address; nodes share the one in "password"',
    ],
  },
  {
    name: 'a database of a cluster, which has none',
    text: withRedis('{ cluster: { nodes: [redis://a:6379/1] } }'),
    problems: ['4  cache.redis.cluster.nodes[0]: expected nothing after the port'],
  },
  {
    name: 'an empty password, which is no secret worth quoting',
    text: withRedis('{ cluster: { nodes: [redis://a:6379], password: "" } }'),
    problems: ['4  cache.redis.cluster.password: expected text that is not empty, got <secret>'],
  },
  {
    name: 'a prefix with braces, which would choose the slots of a cluster',
    text: withRedis('{ url: redis://a:6379, prefix: "{x}" }'),
    problems: ['4  cache.redis.prefix: expected up to 64 characters without spaces and braces'],
  },
  {
    name: 'entries that Redis would carry for seconds',
    text: withRedis('{ url: redis://a:6379, maxEntrySize: 1GiB }'),
    problems: ['4  cache.redis.maxEntrySize: expected a size from 1KiB to 64MiB'],
  },
];

const input: ProxyConfigInput = {
  listeners: [{ address: '127.0.0.1:8080' }],
  services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
  routes: [{ service: 'items' }],
};

type RedisInput = NonNullable<NonNullable<ProxyConfigInput['cache']>['redis']>;

function configWith(redis: RedisInput) {
  return proxySchema.parse({ ...input, cache: { redis } });
}

function placeOf(redis: RedisInput) {
  const { cache } = configWith(redis);
  assert.ok(cache.redis);
  return redisPlaceOf(cache.redis);
}

const SENTINEL = {
  name: 'main',
  username: 'edge',
  nodes: ['redis://10.0.0.1:26379'],
  password: 'hidden-of-redis',
  sentinelPassword: 'hidden-of-sentinel',
};
const CLUSTER = { nodes: ['rediss://[fd00::1]:6379'], password: 'hidden-of-cluster' };

describe('the second tier of the cache', () => {
  for (const broken of table) itRefuses(broken);

  it('is in one place, in the words of its store', () => {
    const url = 'rediss://edge:p%40ss@redis.internal:6380/2';
    assert.deepEqual(placeOf({ url }), { url });
    assert.deepEqual(placeOf({ url: 'unix:/run/redis.sock' }), { url: '/run/redis.sock' });
    assert.deepEqual(placeOf({ sentinel: SENTINEL }), { sentinel: SENTINEL });
    assert.deepEqual(placeOf({ cluster: CLUSTER }), { cluster: CLUSTER });
  });

  it('has a prefix, a timeout and a limit of its own', () => {
    assert.deepEqual(configWith({ url: 'redis://a' }).cache.redis, {
      url: 'redis://a',
      prefix: 'headgate:',
      commandTimeout: 100,
      maxEntrySize: 2 ** 20,
    });
  });

  it('is shown without its passwords', () => {
    const secrets: [RedisInput, shown: object][] = [
      [{ url: 'redis://edge:hid@den@a:6379/1' }, { url: 'redis://edge:<secret>@a:6379/1' }],
      [{ url: 'redis://:hidden@a' }, { url: 'redis://:<secret>@a' }],
      [{ url: 'redis://a:6379' }, { url: 'redis://a:6379' }],
      [
        { sentinel: SENTINEL },
        { sentinel: { ...SENTINEL, password: '<secret>', sentinelPassword: '<secret>' } },
      ],
      [{ cluster: CLUSTER }, { cluster: { ...CLUSTER, password: '<secret>' } }],
    ];
    for (const [redis, shown] of secrets) {
      const config = configWith(redis);
      const { prefix, commandTimeout, maxEntrySize, ...place } = redacted(config).cache.redis ?? {};
      assert.deepEqual(place, shown);
      assert.deepEqual(config.cache.redis, { ...config.cache.redis, ...redis }, 'left as it was');
    }
  });

  it('is listed and refused without a word of its passwords', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-redis-'));
    const file = join(folder, 'config.json');
    const printed = async (redis: unknown) => {
      await writeFile(file, JSON.stringify({ ...input, cache: { redis } }));
      const loaded = await loadProxyConfig(file, {});
      return loaded.ok ? formatValues(loaded.values) : formatProblems(loaded.problems);
    };
    try {
      const valid = await printed({ url: 'redis://edge:hidden@redis.internal:6379' });
      assert.match(valid, /^cache\.redis\.url +redis:\/\/edge:<secret>@redis\.internal:6379 /m);
      const all = [
        { sentinel: SENTINEL },
        { cluster: CLUSTER },
        { sentinel: { ...SENTINEL, password: ['hidden'] } },
        { url: 'redis://:hidden@a:port' },
        { url: 'hidden' },
        { url: 'redis://a:6379?password=hidden' },
        { cluster: { nodes: ['redis://:hidden@a'] } },
        { cluster: { nodes: ['hidden'] } },
      ];
      for (const redis of all) assert.doesNotMatch(await printed(redis), /hidden/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
