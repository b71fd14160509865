/** Kinds of configuration files, and what is said about broken ones of each kind. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type BrokenConfig,
  complaints,
  itRefuses,
  LISTENERS,
  lines,
  listening,
  whole,
} from './broken-config.test-support.ts';

const table: BrokenConfig[] = [
  {
    name: 'a list for a config',
    text: '- listeners',
    problems: ['1  expected an object with listeners, services, routes, got a list'],
  },
  {
    name: 'an empty file',
    text: '',
    problems: ['  the file is empty'],
  },
  {
    name: 'a setting twice',
    text: whole('logLevel: info', 'logLevel: debug'),
    problems: ['5  logLevel: set twice; keep one of them'],
  },
  {
    name: 'a tab for indentation',
    text: lines(LISTENERS, '\tservices: {}'),
    problems: ['2  Tabs are not allowed as indentation'],
  },
  {
    name: 'a variable that is not set',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the config's own syntax
    text: listening('  - address: ${EDGE_ADDRESS}'),
    problems: [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the config's own syntax
      '2  listeners[0].address: environment variable EDGE_ADDRESS is not set (write ${EDGE_ADDRESS:-value} for a default)',
    ],
  },
];

describe('a broken file', () => {
  for (const broken of table) itRefuses(broken);
});

describe('a broken config of another kind', () => {
  it('is refused for a comma too many in JSON', async () => {
    assert.deepEqual(await complaints('config.json', '{\n  "listeners": [],\n}'), [
      'config.json:3  not valid JSON: expected a key in double quotes, got "}"',
    ]);
  });

  it('is refused for a comment in JSON', async () => {
    assert.deepEqual(await complaints('config.json', '{\n  // comment\n}'), [
      'config.json:2  not valid JSON: expected a key in double quotes, got "/"',
    ]);
  });

  it('is refused for an unknown setting in JSON, with its line', async () => {
    const text = `{
  "listeners": [{ "address": "127.0.0.1:8080" }],
  "services": { "items": { "upstreams": [{ "url": "http://127.0.0.1:4001" }] } },
  "routes": [{ "service": "items" }],
  "logLevl": "info"
}`;
    assert.deepEqual(await complaints('config.json', text), [
      'config.json:5  logLevl: unknown setting, did you mean "logLevel"?',
    ]);
  });

  it('is refused for a value of the wrong type in TypeScript', async () => {
    const text = `export default {
  listeners: [{ address: 8080 }],
  services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
  routes: [{ service: 'itms' }],
};`;
    assert.deepEqual(await complaints('wrong-type.ts', text), [
      'wrong-type.ts  listeners[0].address: expected host:port such as 127.0.0.1:8080 or unix:/path, got 8080',
      'wrong-type.ts  routes[0].service: no service is called "itms"; services are: items',
    ]);
  });

  it('is refused for a module that exports no config', async () => {
    assert.deepEqual(await complaints('no-export.ts', 'export const conf = {};'), [
      'no-export.ts  expected a default export or an export named "config"',
    ]);
  });

  it('is refused for a module that throws', async () => {
    assert.deepEqual(await complaints('throws.ts', 'throw new Error("no such host");'), [
      'throws.ts  cannot be imported: no such host',
    ]);
  });

  it('is refused for a kind of file nobody reads', async () => {
    assert.deepEqual(await complaints('config.toml', 'workers = 1'), [
      'config.toml  expected a .yaml, .yml, .json, .ts, .js or .mjs file, got .toml',
    ]);
  });

  it('is refused for a file that does not exist', async () => {
    assert.deepEqual(await complaints('nowhere.yaml'), [
      'nowhere.yaml  cannot be read: no such file',
    ]);
  });

  it('is refused for a value from the environment, naming the variable', async () => {
    const env = { HEADGATE_LOG_LEVEL: 'loud', HEADGATE_ADMIN_ADDRESS: '127.0.0.1:8080' };
    assert.deepEqual(await complaints('environment.yaml', whole(), env), [
      'logLevel: expected one of "debug", "info", "warn", "error", got "loud" (from HEADGATE_LOG_LEVEL)',
      'admin.address: 127.0.0.1:8080 is taken by listeners[0] already (from HEADGATE_ADMIN_ADDRESS)',
    ]);
  });
});
