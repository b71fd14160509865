import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { duration } from './duration.ts';
import { loadConfig } from './load.ts';
import { setting } from './setting.ts';
import { size } from './size.ts';
import { formatValues } from './values.ts';

const schema = z.strictObject({
  idle: setting(z.union([duration(), z.literal('off')]), { default: '1m', reason: 'as browsers' }),
  workers: setting(z.int(), { default: 1, unit: 'processes', reason: 'one is enough' }),
  services: z.record(
    z.string(),
    z.strictObject({
      timeout: setting(duration(), { default: '2s', reason: 'twice the slowest answer' }),
      buffer: setting(size(), { default: '16KiB', reason: 'one TLS record' }),
      upstreams: z.array(z.strictObject({ url: z.url() })),
    }),
  ),
  store: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('memory'),
        limit: setting(size(), { default: '1MiB', reason: 'small' }),
      }),
      z.strictObject({
        kind: z.literal('redis'),
        limit: setting(duration(), { default: '1m', reason: 'far away' }),
      }),
    ])
    .optional(),
  admin: setting(z.strictObject({ port: z.int().prefault(9090), token: z.string().optional() }), {
    default: {},
    reason: 'for local use',
  }),
  secret: z.string().optional().meta({ secret: true }),
  tags: z.array(z.string()).prefault([]),
});

const text = `
services:
  web:
    upstreams:
      - url: http://a
    timeout: 1500ms
  api: { upstreams: [] }
store: { kind: redis }
secret: hunter2
`;

async function load() {
  const env = { ADMIN_TOKEN: 't' };
  const envNames = { 'admin.token': 'ADMIN_TOKEN' };
  const read = async () => text;
  const loaded = await loadConfig({ schema, file: 'a.yaml', env, envNames, read });
  assert.ok(loaded.ok);
  return loaded.values;
}

test('every leaf is listed with where it came from', async () => {
  assert.deepEqual(await load(), [
    {
      path: 'idle',
      value: 60_000,
      unit: 'ms',
      source: { kind: 'default', reason: 'as browsers' },
    },
    {
      path: 'workers',
      value: 1,
      unit: 'processes',
      source: { kind: 'default', reason: 'one is enough' },
    },
    {
      path: 'services.web.timeout',
      value: 1500,
      unit: 'ms',
      source: { kind: 'file', file: 'a.yaml', line: 6 },
    },
    {
      path: 'services.web.buffer',
      value: 16_384,
      unit: 'bytes',
      source: { kind: 'default', reason: 'one TLS record' },
    },
    {
      path: 'services.web.upstreams[0].url',
      value: 'http://a',
      source: { kind: 'file', file: 'a.yaml', line: 5 },
    },
    {
      path: 'services.api.timeout',
      value: 2000,
      unit: 'ms',
      source: { kind: 'default', reason: 'twice the slowest answer' },
    },
    {
      path: 'services.api.buffer',
      value: 16_384,
      unit: 'bytes',
      source: { kind: 'default', reason: 'one TLS record' },
    },
    {
      path: 'services.api.upstreams',
      value: [],
      source: { kind: 'file', file: 'a.yaml', line: 7 },
    },
    { path: 'store.kind', value: 'redis', source: { kind: 'file', file: 'a.yaml', line: 8 } },
    {
      path: 'store.limit',
      value: 60_000,
      unit: 'ms',
      source: { kind: 'default', reason: 'far away' },
    },
    { path: 'admin.port', value: 9090, source: { kind: 'default', reason: 'for local use' } },
    { path: 'admin.token', value: 't', source: { kind: 'env', name: 'ADMIN_TOKEN' } },
    { path: 'secret', value: '<secret>', source: { kind: 'file', file: 'a.yaml', line: 9 } },
    { path: 'tags', value: [], source: { kind: 'default' } },
  ]);
});

test('values are printed aligned, with units, and secrets are not', async () => {
  assert.equal(
    formatValues(await load()),
    [
      'idle                           1m           default: as browsers',
      'workers                        1 processes  default: one is enough',
      'services.web.timeout           1500ms       a.yaml:6',
      'services.web.buffer            16KiB        default: one TLS record',
      'services.web.upstreams[0].url  http://a     a.yaml:5',
      'services.api.timeout           2s           default: twice the slowest answer',
      'services.api.buffer            16KiB        default: one TLS record',
      'services.api.upstreams         []           a.yaml:7',
      'store.kind                     redis        a.yaml:8',
      'store.limit                    1m           default: far away',
      'admin.port                     9090         default: for local use',
      'admin.token                    t            environment ADMIN_TOKEN',
      'secret                         <secret>     a.yaml:9',
      'tags                           []           default',
    ].join('\n'),
  );
  assert.equal(formatValues([]), '');
});

test('what may be told of a secret is told, and never in a problem', async () => {
  const place = z
    .string()
    .startsWith('db://')
    .meta({ secret: (value: unknown) => String(value).replace(/:[^:@]*@/, ':<secret>@') });
  const loaded = async (url: string) =>
    loadConfig({
      schema: z.strictObject({ places: z.array(place) }),
      file: 'a.yaml',
      env: {},
      read: async () => `places: [${url}]`,
    });
  const valid = await loaded('db://me:hunter2@a');
  assert.ok(valid.ok);
  assert.deepEqual(
    valid.values.map(({ value }) => value),
    ['db://me:<secret>@a'],
  );
  const refused = await loaded('hunter2');
  assert.ok(!refused.ok);
  assert.doesNotMatch(JSON.stringify(refused.problems), /hunter2/);
});
