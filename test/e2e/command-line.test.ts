/** The commands that only read a configuration, as an operator runs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeConfig } from '../support/config-file.ts';
import { headgate } from '../support/headgate-command.ts';

const GOOD = `
listeners:
  - address: 127.0.0.1:8080
services:
  items:
    upstreams:
      - url: http://127.0.0.1:4001
      - url: http://127.0.0.1:4002
        weight: 3
    healthCheck: { path: /health }
  chat:
    upstreams: [{ url: http://127.0.0.1:4003 }]
routes:
  - match: { path: /chat/*, methods: [GET] }
    service: chat
  - match: { host: api.test, path: /items/* }
    service: items
`;

const BROKEN = `
listeners:
  - address: 127.0.0.1
services:
  items:
    upstreamz:
      - url: http://127.0.0.1:4001
routes:
  - service: itemz
`;

test('check accepts a good file with 0', async () => {
  await using file = await writeConfig(GOOD);
  const result = await headgate('check', '--config', file.path);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /is valid: 1 listeners?, 2 services, 2 routes/);
});

for (const command of ['check', 'run', 'show']) {
  test(`${command} refuses a broken file with 1 and names every problem with its line`, async () => {
    await using file = await writeConfig(BROKEN);
    const result = await headgate(command, '--config', file.path);
    assert.equal(result.code, 1);
    assert.equal(result.stdout, '');
    for (const problem of [/address/, /upstreamz/, /upstreams/]) {
      assert.match(result.stderr, problem);
    }
    assert.match(result.stderr, /headgate\.yaml:3\b/);
    assert.match(result.stderr, /headgate\.yaml:6\b/);
  });
}

test('a file that is not there is one clear problem', async () => {
  const result = await headgate('check', '--config', '/nowhere/headgate.yaml');
  assert.equal(result.code, 1);
  assert.match(result.stderr, /\/nowhere\/headgate\.yaml/);
  assert.doesNotMatch(result.stderr, /\bat \S+:\d+:\d+/, 'no stack trace');
});

test('TypeScript and JSON files are read like YAML', async () => {
  const config = `{
    "listeners": [{ "address": "127.0.0.1:8080" }],
    "services": { "items": { "upstreams": [{ "url": "http://127.0.0.1:4001" }] } },
    "routes": [{ "service": "items" }]
  }`;
  await using json = await writeConfig(config, 'headgate.json');
  await using typescript = await writeConfig(`export default ${config} as const;`, 'headgate.ts');
  for (const file of [json, typescript]) {
    const result = await headgate('check', '--config', file.path);
    assert.equal(result.code, 0, result.stderr);
  }
});

test('show tells every effective setting and where it comes from', async () => {
  await using file = await writeConfig(GOOD);
  const { code, stdout } = await headgate('show', '--config', file.path);
  assert.equal(code, 0);
  assert.match(stdout, /services\.items\.policy.*least-connections.*default/);
  assert.match(stdout, /services\.items\.upstreams.*weight.*3.*headgate\.yaml/);
});

test('show --json can be parsed', async () => {
  await using file = await writeConfig(GOOD);
  const { stdout } = await headgate('show', '--config', file.path, '--json');
  const shown = JSON.parse(stdout) as { config: { services: { items: { retries: number } } } };
  assert.equal(shown.config.services.items.retries, 2);
});

test('show keeps the admin token to itself, wherever it comes from', async () => {
  const token = 'correct-horse-battery-staple';
  const admin = '\nadmin: { address: 127.0.0.1:9090, token: ';
  await using written = await writeConfig(`${GOOD}${admin}${token} }`);
  await using substituted = await writeConfig(
    `${GOOD}${admin}"\${HEADGATE_TOKEN_OF_TEST:-${token}}" }`,
  );
  for (const { path } of [written, substituted]) {
    for (const args of [[], ['--json']]) {
      const { code, stdout } = await headgate('show', '--config', path, ...args);
      assert.equal(code, 0);
      assert.match(stdout, /<secret>/);
      assert.ok(!stdout.includes(token), `${args}: ${stdout}`);
    }
  }
});

test('explain tells which route and service a request would meet', async () => {
  await using file = await writeConfig(GOOD);
  const explain = (...args: string[]) => headgate('explain', '--config', file.path, ...args);
  const items = await explain('GET', 'http://api.test/items/./5');
  assert.equal(items.code, 0);
  assert.match(items.stdout, /routes\[1\]/);
  assert.match(items.stdout, /service +items/);
  assert.match(items.stdout, /normalised/);
  assert.match((await explain('GET', '/items/5', '-H', 'Host: api.test')).stdout, /routes\[1\]/);
  assert.match((await explain('GET', '/items/5')).stdout, /404/);
  assert.match((await explain('POST', 'http://x.test/chat/1')).stdout, /405.*GET/);
});

test('a wrong command line ends with 2 and the usage', async () => {
  for (const args of [[], ['fly'], ['run', '--confg', 'x'], ['explain', 'GET']]) {
    const result = await headgate(...args);
    assert.equal(result.code, 2, args.join(' '));
    assert.match(result.stderr, /headgate run \[--config FILE\]/);
  }
});

test('--help and --version end with 0', async () => {
  assert.match((await headgate('--help')).stdout, /headgate explain/);
  const version = await headgate('--version');
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});
