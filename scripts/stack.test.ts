import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readStack } from './stack.ts';

const COMPOSE = 'deploy/compose.yaml';

test('the compose file gives every app as a process, dependencies first', () => {
  const names = readStack(COMPOSE).map(({ name }) => name);
  assert.deepEqual(names, ['partner', 'items-1', 'items-2', 'live', 'profiles', 'proxy']);
});

test('service names become loopback addresses and mounted files their sources', () => {
  const stack = readStack(COMPOSE);
  const proxy = stack.find(({ name }) => name === 'proxy');
  assert.equal(proxy?.env.ITEMS_1_URL, 'http://127.0.0.1:4001');
  assert.equal(proxy?.env.EDGE_ADDRESS, '127.0.0.1:8080');
  assert.deepEqual(proxy?.args, ['run', '--config', 'deploy/headgate.yaml']);
  assert.equal(proxy?.readyUrl, 'http://127.0.0.1:9090/ready');
  const items = stack.find(({ name }) => name === 'items-1');
  assert.equal(items?.env.HOST, '127.0.0.1');
  assert.equal(items?.env.PARTNER_URL, 'http://127.0.0.1:4100');
  assert.equal(items?.env.INSTANCE, 'items-1', 'a name by itself is no address');
});

test('what is no app comes from this machine, or is done without', () => {
  const items = readStack(COMPOSE).find(({ name }) => name === 'items-1');
  assert.equal(items?.env.REDIS_URL, undefined);
  const external = {
    REDIS_URL: 'redis://127.0.0.1:7000',
    DATABASE_URL: 'postgres://127.0.0.1:7001/headgate',
  };
  const stack = readStack(COMPOSE, { external });
  assert.equal(stack.find(({ name }) => name === 'items-1')?.env.REDIS_URL, external.REDIS_URL);
  const profiles = stack.find(({ name }) => name === 'profiles');
  assert.equal(profiles?.env.DATABASE_URL, external.DATABASE_URL);
  assert.equal(profiles?.env.DATABASE_REPLICA_URLS, undefined);
  assert.equal(profiles?.env.EDGE_ADMIN_URL, 'http://127.0.0.1:9090');
});

test('variables of the file have their defaults until they are set', () => {
  const tokenOf = (variables: Record<string, string>, app: string) =>
    readStack(COMPOSE, { variables }).find(({ name }) => name === app)?.env.HEADGATE_ADMIN_TOKEN;
  assert.match(tokenOf({}, 'proxy') ?? '', /^.{16,}$/);
  assert.equal(tokenOf({}, 'profiles'), tokenOf({}, 'proxy'));
  const own = { HEADGATE_ADMIN_TOKEN: '0123456789abcdef' };
  assert.equal(tokenOf(own, 'proxy'), own.HEADGATE_ADMIN_TOKEN);
});

test('all ports move together', () => {
  const stack = readStack(COMPOSE, { mapPort: (port) => port + 500 });
  const proxy = stack.find(({ name }) => name === 'proxy');
  assert.equal(proxy?.env.LIVE_URL, 'http://127.0.0.1:4503');
  assert.deepEqual(proxy?.ports, [
    { port: 8580, setting: 'EDGE_ADDRESS' },
    { port: 9590, setting: 'ADMIN_ADDRESS' },
  ]);
  assert.deepEqual(stack[0]?.ports, [{ port: 4600, setting: 'PORT' }]);
});

test('a circle of dependencies is named', () => {
  const directory = mkdtempSync(join(tmpdir(), 'stack-'));
  const file = join(directory, 'compose.yaml');
  const service = (port: number, other: string) =>
    `{ build: { args: { APP: x } }, environment: { PORT: ${port} }, depends_on: { ${other}: {} } }`;
  writeFileSync(file, `services:\n  a: ${service(1, 'b')}\n  b: ${service(2, 'a')}\n`);
  try {
    assert.throws(() => readStack(file), /depends_on goes in a circle: a → b → a/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
