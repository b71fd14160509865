import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { defineConfig, loadProxyConfig, type ProxyConfigInput } from './config.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-config-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function load(name: string, text: string, env: Record<string, string> = {}) {
  const file = join(folder, name);
  await writeFile(file, text);
  return loadProxyConfig(file, env);
}

async function loadValid(name: string, text: string, env: Record<string, string> = {}) {
  const loaded = await load(name, text, env);
  assert.ok(loaded.ok, 'expected the config to be accepted');
  return loaded;
}

const smallest: ProxyConfigInput = {
  listeners: [{ address: '127.0.0.1:8080' }],
  services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
  routes: [{ service: 'items' }],
};

const smallestYaml = `
listeners:
  - address: 127.0.0.1:8080
services:
  items:
    upstreams:
      - url: http://127.0.0.1:4001
routes:
  - service: items
`;

/** Every default, resolved to milliseconds and bytes. */
const defaults = {
  listeners: [{ address: '127.0.0.1:8080' }],
  services: {
    items: {
      policy: 'least-connections',
      hashKey: 'client',
      stickyCookie: 'headgate-upstream',
      upstreams: [{ url: 'http://127.0.0.1:4001', weight: 1 }],
      timeouts: {
        connect: 2_000,
        firstByte: 30_000,
        idle: 60_000,
        upstreamKeepAlive: 60_000,
        upstreamLifetime: 3_600_000,
        handshake: 10_000,
        tunnelIdle: 3_600_000,
      },
      retries: 2,
      retryStatuses: [502, 503, 504],
      maxConnecting: 128,
    },
  },
  routes: [{ service: 'items', priority: 'normal', hedge: false, cache: false }],
  workers: 1,
  supervision: { readyTimeout: 30_000, stuckAfter: 10_000, recycle: {} },
  watch: false,
  accessLog: 'off',
  logLevel: 'info',
  trustedProxies: [],
  resolver: { minTtl: 1_000, maxTtl: 60_000, hold: 30_000, timeout: 2_000 },
  timeouts: {
    requestHead: 10_000,
    requestBodyIdle: 30_000,
    responseStall: 300_000,
    clientKeepAlive: 75_000,
    shutdown: 30_000,
    drainDelay: 0,
  },
  limits: {
    requestTargetSize: 8_192,
    requestHeadSize: 16_384,
    requestHeaderCount: 100,
    requestBodyRate: 240,
    pipelinedSize: 65_536,
    trailerSize: 4_096,
    chunkExtensionSize: 4_096,
    responseHeadSize: 32_768,
    responseHeaderCount: 256,
    maxInFlight: 9_000,
  },
  cache: { memory: 256 * 2 ** 20 },
};

/** Every setting there is, none of them at its default. */
const fullest = defineConfig({
  listeners: [
    { address: '[::1]:8080' },
    { address: 'localhost:0' },
    { address: 'unix:/run/edge.sock' },
  ],
  services: {
    'user-api2': {
      policy: 'power-of-two',
      hashKey: 'cookie:user',
      stickyCookie: 'sid',
      upstreams: [
        { url: 'https://a.internal', weight: 2.5, maxInFlight: 3, zone: 'eu-central-1a' },
        { url: 'http://b.internal:81' },
        { url: 'unix:/run/user-api.sock' },
        { url: 'https://10.0.0.1', tlsName: 'api.example.com' },
        { dns: 'http://items.internal:4001', zone: 'eu-central-1a' },
        { srv: 'http://_http._tcp.items.internal', weight: 2 },
        { file: './upstreams.json', maxInFlight: 3 },
      ],
      healthCheck: { path: '/up?deep', interval: '5s', timeout: '250ms', rise: 1, fall: 9 },
      timeouts: {
        connect: '1s',
        firstByte: '2s',
        idle: '3s',
        total: '7s',
        upstreamKeepAlive: '4s',
        upstreamLifetime: '8s',
        handshake: '5s',
        tunnelIdle: '6s',
      },
      retries: 0,
      retryStatuses: [503],
      maxInFlight: 9,
      subsetSize: 2,
      maxConnecting: 1,
    },
  },
  routes: [
    {
      match: {
        host: '*.example.com',
        path: '/users/*',
        methods: ['GET', 'HEAD'],
        headers: { 'X-Version': '2' },
      },
      service: 'user-api2',
      priority: 'high',
      deadline: '2s',
      hedge: { delay: '50ms' },
      cache: {
        maxBodySize: '1MiB',
        heuristic: { fraction: 0.2, max: '1h' },
        staleWhileRevalidate: '10s',
        staleIfError: '1m',
        clientDirectives: 'ignore',
        key: { query: { only: ['page'] }, headers: ['X-Tenant'] },
        setCookie: 'keep',
        collapse: false,
        status: false,
      },
    },
    {
      match: { host: '2001:db8::1', path: '/a%2Fb' },
      service: 'user-api2',
      priority: 'low',
      hedge: true,
      cache: false,
    },
    { match: { path: '/' }, service: 'user-api2', priority: 'normal', hedge: false, cache: false },
  ],
  admin: { address: '127.0.0.1:9000', token: 'sixteen-characters' },
  workers: 256,
  supervision: {
    readyTimeout: '1m',
    stuckAfter: '2s',
    recycle: { requests: 1_000, age: '1h', memory: '128MiB' },
  },
  watch: true,
  accessLog: { file: 'access.log' },
  logLevel: 'debug',
  trustedProxies: ['10.0.0.0/8', '::1'],
  zone: 'eu-central-1b',
  resolver: {
    servers: ['10.0.0.2', '[fd00::2]:5353'],
    minTtl: '2s',
    maxTtl: '3s',
    hold: '0s',
    timeout: '1s',
  },
  timeouts: {
    requestHead: '1s',
    requestBodyIdle: '2s',
    responseStall: '5s',
    clientKeepAlive: '3s',
    shutdown: '4s',
    drainDelay: '5s',
  },
  limits: {
    requestTargetSize: '256B',
    requestHeadSize: '8KiB',
    requestHeaderCount: 50,
    requestBodySize: '10MiB',
    requestBodyRate: '0B',
    pipelinedSize: '1KiB',
    trailerSize: '0B',
    chunkExtensionSize: '0B',
    responseHeadSize: '1MiB',
    responseHeaderCount: 10_000,
    maxInFlight: 1,
  },
  cache: {
    memory: '1GiB',
    redis: {
      sentinel: {
        name: 'cache',
        nodes: ['redis://10.0.0.3:26379', 'rediss://[fd00::3]:26379'],
        password: 'redis-password',
        sentinelPassword: 'sentinel-password',
      },
      prefix: 'edge:',
      commandTimeout: '50ms',
      maxEntrySize: '64KiB',
    },
  },
});

describe('a config', () => {
  it('needs listeners, services and routes only, and gets every default', async () => {
    const { config } = await loadValid('smallest.yaml', smallestYaml);
    assert.deepEqual(config, defaults);
  });

  it('is the same in YAML, JSON and TypeScript', async () => {
    const json = JSON.stringify(smallest);
    assert.deepEqual((await loadValid('smallest.json', json)).config, defaults);
    assert.deepEqual((await loadValid('smallest.ts', `export default ${json};`)).config, defaults);
  });

  it('gets the defaults of a health check when it asks for one', async () => {
    const text = smallestYaml.replace('  items:', '  items:\n    healthCheck: {}');
    const { config } = await loadValid('checked.yaml', text);
    assert.deepEqual(config.services.items?.healthCheck, {
      type: 'http',
      path: '/health',
      expect: { statuses: ['200-399'] },
      interval: 2_000,
      timeout: 1_000,
      rise: 2,
      fall: 3,
    });
  });

  it('may set everything', async () => {
    const { config } = await loadValid('fullest.json', JSON.stringify(fullest));
    assert.equal(config.services['user-api2']?.timeouts.tunnelIdle, 6_000);
    assert.equal(config.services['user-api2']?.healthCheck?.timeout, 250);
    assert.equal(config.services['user-api2']?.upstreams[0]?.weight, 2.5);
    assert.equal(config.services['user-api2']?.timeouts.total, 7_000);
    assert.equal(config.limits.responseHeadSize, 2 ** 20);
    assert.equal(config.limits.requestBodySize, 10 * 2 ** 20);
    assert.equal(config.limits.requestBodyRate, 0);
    assert.deepEqual(config.listeners, fullest.listeners);
    const [first, ...others] = config.routes;
    const resolved = {
      deadline: 2_000,
      hedge: { delay: 50 },
      cache: {
        maxBodySize: 2 ** 20,
        heuristic: { fraction: 0.2, max: 3_600_000 },
        staleWhileRevalidate: 10_000,
        staleIfError: 60_000,
        clientDirectives: 'ignore',
        key: { query: { only: ['page'] }, headers: ['X-Tenant'] },
        setCookie: 'keep',
        collapse: false,
        status: false,
      },
    };
    assert.deepEqual(first, { ...fullest.routes[0], ...resolved });
    assert.deepEqual(others, fullest.routes.slice(1));
    assert.deepEqual(config.accessLog, { file: 'access.log' });
    assert.deepEqual(config.supervision, {
      readyTimeout: 60_000,
      stuckAfter: 2_000,
      recycle: { requests: 1_000, age: 3_600_000, memory: 128 * 2 ** 20 },
    });
    assert.deepEqual(config.admin, fullest.admin);
    assert.deepEqual(config.cache, {
      memory: 2 ** 30,
      redis: {
        ...fullest.cache?.redis,
        prefix: 'edge:',
        commandTimeout: 50,
        maxEntrySize: 64 * 2 ** 10,
      },
    });
    assert.equal(config.workers, 256);
    assert.equal(config.timeouts.drainDelay, 5_000);
  });

  it('may have as many workers as there are cores', async () => {
    const { config } = await loadValid('auto.yaml', `${smallestYaml}workers: auto`);
    assert.equal(config.workers, 'auto');
  });

  it('is overridden by the environment', async () => {
    const env = {
      HEADGATE_LOG_LEVEL: 'warn',
      HEADGATE_ACCESS_LOG: 'stdout',
      HEADGATE_ADMIN_ADDRESS: '127.0.0.1:9001',
      HEADGATE_ZONE: 'eu-central-1a',
    };
    const { config } = await loadValid('overridden.yaml', `${smallestYaml}logLevel: debug`, env);
    assert.equal(config.logLevel, 'warn');
    assert.equal(config.accessLog, 'stdout');
    assert.equal(config.zone, 'eu-central-1a');
    assert.deepEqual(config.admin, { address: '127.0.0.1:9001' });
  });

  it('may listen, look after itself and connect on unix sockets alone', async () => {
    const text = smallestYaml
      .replace('127.0.0.1:8080', 'unix:/run/edge.sock')
      .replace('http://127.0.0.1:4001', 'unix:/run/app.sock');
    const { config } = await loadValid('unix.yaml', `${text}admin: { address: unix:/run/admin }`);
    assert.equal(config.listeners[0]?.address, 'unix:/run/edge.sock');
    assert.equal(config.services.items?.upstreams[0]?.url, 'unix:/run/app.sock');
    assert.equal(config.admin?.address, 'unix:/run/admin');
  });

  it('may trust peers that come over a unix socket', async () => {
    const text = `${smallestYaml}trustedProxies: [unix, 10.0.0.0/8]`;
    const { config } = await loadValid('trusted.yaml', text);
    assert.deepEqual(config.trustedProxies, ['unix', '10.0.0.0/8']);
  });

  it('cannot be changed after it was loaded', async () => {
    const { config } = await loadValid('frozen.yaml', smallestYaml);
    assert.ok(Object.isFrozen(config.services.items?.upstreams[0]));
    assert.ok(Object.isFrozen(config.timeouts));
  });

  it('says of every default why it is what it is', async () => {
    const { values } = await loadValid('reasons.yaml', smallestYaml);
    const silent = values.filter(({ source }) => source.kind === 'default' && !source.reason);
    assert.deepEqual(silent, []);
  });
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every place in a value, from the root. */
function places(value: Json, path: string[] = []): string[][] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [path, ...entries.flatMap(([key, entry]) => places(entry, [...path, key]))];
}

function withChange(value: Json, [key, ...rest]: readonly string[], change: Json): Json {
  if (key === undefined) return change;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, i) => (String(i) === key ? withChange(item, rest, change) : item));
  }
  return { ...value, [key]: withChange(value[key] ?? null, rest, change) };
}

describe('a config with anything in it', () => {
  const valid = JSON.parse(JSON.stringify(fullest)) as Json;
  const change = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
    fc.constantFrom<Json>('', '/*', '*', '*.', '-1s', '9e9s', 'http://', '[::1', '${X', null, {}),
    fc.constantFrom<Json>('unix:', 'unix:/', 'unix:/a', 'unix:/\0', `unix:/${'a'.repeat(200)}`),
    fc.record({ address: fc.string() }),
    fc.array(fc.record({ match: fc.constant(null), service: fc.string() })),
  );
  const step = fc.tuple(fc.constantFrom(...places(valid)), change);

  it('is accepted or refused with problems, but nothing throws', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      async (all) => {
        const mutated = all.reduce((value, [path, to]) => withChange(value, path, to), valid);
        const loaded = await load('fuzz.json', JSON.stringify(mutated));
        if (loaded.ok) return;
        assert.ok(loaded.problems.length > 0);
        for (const { message } of loaded.problems) assert.notEqual(message, '');
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });

  it('says the same about the rest when one more setting is unknown', async () => {
    const property = fc.asyncProperty(step, async ([path, to]) => {
      fc.pre(path.length > 0);
      const mutated = withChange(valid, path, to);
      const messages = async (value: Json) => {
        const loaded = await load('fuzz.json', JSON.stringify(value));
        return loaded.ok ? [] : loaded.problems.map((each) => `${each.path}: ${each.message}`);
      };
      const without = await messages(mutated);
      const withUnknown = await messages({ ...(mutated as object), zzzzzzzzzzzz: 1 });
      assert.deepEqual(
        withUnknown.filter((line) => !line.startsWith('zzzzzzzzzzzz')).sort(),
        without.sort(),
      );
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
