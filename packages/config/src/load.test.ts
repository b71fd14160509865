// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { duration } from './duration.ts';
import { type LoadOptions, loadConfig } from './load.ts';
import { formatProblems } from './problem.ts';
import { setting } from './setting.ts';

const schema = z.strictObject({
  port: setting(z.int().min(0).max(65_535), { default: 8080, reason: 'free to bind for anyone' }),
  timeout: setting(duration(), { default: '2s', reason: 'twice the slowest answer' }),
  isQuiet: setting(z.boolean(), { default: false, reason: 'silence hides trouble' }),
  workers: setting(z.union([z.int().min(1), z.literal('auto')]), { default: 1, reason: 'enough' }),
  admin: z.strictObject({ address: z.string() }).optional(),
  upstreams: z.array(z.strictObject({ url: z.string(), weight: z.number().optional() })).optional(),
});

type Options = Partial<Omit<LoadOptions<typeof schema>, 'schema' | 'read'>>;

function load(text: string, options: Options = {}) {
  return loadConfig({ schema, file: 'a.yaml', env: {}, ...options, read: async () => text });
}

async function configOf(text: string, options: Options = {}) {
  const loaded = await load(text, options);
  assert.ok(loaded.ok, loaded.ok ? '' : formatProblems(loaded.problems));
  return loaded.config;
}

async function problemsOf(text: string, options: Options = {}): Promise<string> {
  const loaded = await load(text, options);
  assert.ok(!loaded.ok, 'expected problems');
  return formatProblems(loaded.problems);
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-config-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the environment outranks the file, and the file the defaults', async () => {
  const envNames = { port: 'PORT', timeout: 'TIMEOUT', isQuiet: 'QUIET' };
  const config = await configOf('port: 1\ntimeout: 5s', { env: { PORT: '2' }, envNames });
  assert.equal(config.port, 2);
  assert.equal(config.timeout, 5000);
  assert.equal(config.isQuiet, false);
});

test('an empty variable counts as unset', async () => {
  const config = await configOf('port: 1', { env: { PORT: '' }, envNames: { port: 'PORT' } });
  assert.equal(config.port, 1);
});

test('text of the environment becomes the number or boolean the setting wants', async () => {
  const envNames = { port: 'A', isQuiet: 'B', workers: 'C' };
  const env = { A: '81', B: 'true', C: 'auto', D: '3' };
  const config = await configOf('port: 1', { env, envNames });
  assert.deepEqual([config.port, config.isQuiet, config.workers], [81, true, 'auto']);
  const text = 'port: ${A}\nisQuiet: "${B}"\nworkers: "${D:-1}"\ntimeout: ${T:-1s}';
  const written = await configOf(text, { env });
  assert.deepEqual(written, { port: 81, isQuiet: true, workers: 3, timeout: 1000 });
});

test('a variable can make the object it belongs into', async () => {
  const envNames = { 'admin.address': 'ADMIN' };
  const config = await configOf('port: 1', { env: { ADMIN: 'localhost:1' }, envNames });
  assert.deepEqual(config.admin, { address: 'localhost:1' });
});

test('a variable of its own frees a setting from what is wrong with it in the file', async () => {
  const config = await configOf('port: ${NOPE}', {
    env: { PORT: '5' },
    envNames: { port: 'PORT' },
  });
  assert.equal(config.port, 5);
});

test('a bad variable is named, and the file is not blamed', async () => {
  assert.equal(
    await problemsOf('port: 1', { env: { PORT: 'http' }, envNames: { port: 'PORT' } }),
    'port: expected a whole number from 0 to 65535, got "http" (from PORT)',
  );
});

test('without a file a config comes from the environment alone', async () => {
  const origin = z.strictObject({
    port: setting(z.int(), { default: 80, reason: 'the usual' }),
    partner: z.url(),
  });
  const envNames = { port: 'PORT', partner: 'PARTNER_URL' };
  const env = { PORT: '81', PARTNER_URL: 'http://partner' };
  const loaded = await loadConfig({ schema: origin, env, envNames });
  assert.deepEqual(loaded.ok && loaded.config, { port: 81, partner: 'http://partner' });
  const missing = await loadConfig({ schema: origin, env: {}, envNames });
  assert.ok(!missing.ok);
  assert.equal(
    formatProblems(missing.problems),
    'partner: missing; expected a URL such as http://127.0.0.1:8080 (or set PARTNER_URL)',
  );
});

test('the config is frozen all the way down', async () => {
  const config = await configOf('upstreams: [{ url: a }]');
  assert.ok(Object.isFrozen(config));
  assert.ok(Object.isFrozen(config.upstreams));
  assert.ok(Object.isFrozen(config.upstreams?.[0]));
});

test('a file that cannot be read at all is a problem', async () => {
  assert.match(await problemsOf('', { file: 'a.yaml' }), /^a\.yaml {2}the file is empty$/);
  assert.match(await problemsOf('# nothing', { file: 'a.yaml' }), /^a\.yaml {2}the file is empty$/);
  assert.match(await problemsOf('', { file: 'a.json' }), /^a\.json {2}the file is empty$/);
  assert.equal(
    await problemsOf('x', { file: 'a.toml' }),
    'a.toml  expected a .yaml, .yml, .json, .ts, .js or .mjs file, got .toml',
  );
  await inFolder(async (folder) => {
    const directory = join(folder, 'directory.yaml');
    await mkdir(directory);
    for (const [file, reason] of [
      [join(folder, 'none.yaml'), 'no such file'],
      [directory, 'it is a directory'],
    ] as const) {
      const loaded = await loadConfig({ schema, file, env: {} });
      const problem = { file, path: '', message: `cannot be read: ${reason}` };
      assert.deepEqual(!loaded.ok && loaded.problems, [problem]);
    }
  });
});

test('syntax errors come with their lines, all of them', async () => {
  assert.equal(
    await problemsOf(
      'port: 1\nport: 2\nadmin: { address: a, address: b }\nupstreams: [{ url: a, url: b }]',
    ),
    [
      'a.yaml:2  port: set twice; keep one of them',
      'a.yaml:3  admin.address: set twice; keep one of them',
      'a.yaml:4  upstreams[0].url: set twice; keep one of them',
    ].join('\n'),
  );
  assert.match(await problemsOf('port: 1\nadmin: {', { file: 'a.yml' }), /^a\.yml:2 {2}/);
  assert.equal(
    await problemsOf('{\n  "port": 1,\n  "port": 2\n}', { file: 'a.json' }),
    'a.json:3  port: set twice; keep one of them',
  );
  assert.equal(
    await problemsOf('{\n  "port": 1,\n}', { file: 'a.json' }),
    'a.json:3  not valid JSON: expected a key in double quotes, got "}"',
  );
});

test('a byte order mark is not part of a file', async () => {
  assert.equal((await configOf('\ufeff{"port": 1}', { file: 'a.json' })).port, 1);
});

test('modules load by default or named export, and again after a change', async () => {
  await inFolder(async (folder) => {
    for (const [name, source] of [
      ['a.ts', 'const port: number = PORT;\nexport default { port };'],
      ['b.mjs', 'export const config = { port: PORT };'],
      ['c.js', 'module.exports = { port: PORT };'],
    ] as const) {
      const file = join(folder, name);
      for (const port of [1, 2]) {
        await writeFile(file, source.replace('PORT', String(port)));
        const loaded = await loadConfig({ schema, file, env: {} });
        assert.ok(loaded.ok, loaded.ok ? '' : formatProblems(loaded.problems));
        assert.equal(loaded.config.port, port, name);
      }
    }
  });
});

test('strings of a module are substituted, and its problems have no line', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'a.ts');
    await writeFile(file, 'export default { port: "${PORT}", adimn: {} };');
    const loaded = await loadConfig({ schema, file, env: { PORT: '70000' } });
    assert.deepEqual(!loaded.ok && loaded.problems, [
      { file, path: 'port', message: 'expected a whole number from 0 to 65535, got 70000' },
      { file, path: 'adimn', message: 'unknown setting, did you mean "admin"?' },
    ]);
  });
});

test('a module that fails, or exports nothing, is a problem', async () => {
  await inFolder(async (folder) => {
    for (const [source, message] of [
      ['throw new Error("out of luck");', 'cannot be imported: out of luck'],
      ['throw "plain";', 'cannot be imported: plain'],
      ['export const other = 1;', 'expected a default export or an export named "config"'],
    ] as const) {
      const file = join(folder, 'a.mjs');
      await writeFile(file, source);
      const loaded = await loadConfig({ schema, file, env: {} });
      assert.deepEqual(!loaded.ok && loaded.problems, [{ file, path: '', message }]);
    }
  });
});

test('a cyclic YAML alias is a problem', async () => {
  assert.equal(
    await problemsOf('upstreams: &a\n  - *a'),
    'a.yaml:2  upstreams[0]: contains itself; write it out without a cycle',
  );
});

test('nesting without end is a problem', async () => {
  const text = '['.repeat(20_000) + ']'.repeat(20_000);
  assert.match(
    await problemsOf(text, { file: 'a.json' }),
    /a\.json:1 {2}(\[0\])+: nested more than 100 levels deep$/m,
  );
  assert.match(await problemsOf(text, { file: 'a.yaml' }), /nested too deeply/);
});

test('no bytes whatever make loading throw', async () => {
  const file = fc.constantFrom('a.yaml', 'a.json');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), file, async (bytes, name) => {
      await load(Buffer.from(bytes).toString('utf8'), { file: name });
    }),
    { numRuns: 500 },
  );
});

test('no text that resembles YAML makes loading throw', async () => {
  const piece = fc.constantFrom(
    ...[...'{}[]:,-&*#|>!%@\'"$\n\t ?~<'],
    ...['port', ': ', '\n  ', '- ', '&a', '*a', '${A}', '<<', '---\n', '!!map', '__proto__'],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      await load(pieces.join(''), { env: { A: '1' } });
    }),
    { numRuns: 1000 },
  );
});

test('every problem is about a path that is there, or whose parent is, on a line that is', async () => {
  const key = fc.constantFrom('port', 'admin', 'address', 'upstreams', 'url', 'prot', 'a.b', '');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, -1, true, null, 'x', '2s', '${A}', '${B:-1}'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, tree, { minKeys: 1 }), async (value) => {
      const text = JSON.stringify(value, null, 1);
      const loaded = await load(text, { file: 'a.json' });
      const paths = pathsOf(value, '');
      const lineCount = text.split('\n').length;
      for (const { path, line } of loaded.ok ? [] : loaded.problems) {
        const parent = path.replace(/(\.?[\w$-]+|\["[^"]*"\]|\[\d+\])$/, '');
        assert.ok(paths.has(path) || paths.has(parent), `${path} in ${text}`);
        assert.ok(line !== undefined && line >= 1 && line <= lineCount);
      }
    }),
    { numRuns: 500 },
  );
});

function pathsOf(value: unknown, path: string): Set<string> {
  const inside = Array.isArray(value)
    ? value.map((entry, index) => pathsOf(entry, `${path}[${index}]`))
    : Object.entries(typeof value === 'object' && value !== null ? value : {}).map(
        ([key, entry]) => {
          const plain = path === '' ? key : `${path}.${key}`;
          return pathsOf(entry, /^[\w-]+$/.test(key) ? plain : `${path}["${key}"]`);
        },
      );
  return new Set([path, ...inside.flatMap((paths) => [...paths])]);
}
