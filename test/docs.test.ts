import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadProxyConfig, stages } from '@headgate/proxy';

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'GLOSSARY.md',
  ...globSync('docs/**/*.md'),
  ...globSync('{apps,packages}/*/README.md'),
];

test('the stages are the same in the code, in its story and in its documentation', () => {
  const story = readFileSync('docs/life-of-a-request.md', 'utf8');
  const headings = [...story.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(headings, [...stages]);

  const header = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync('apps/proxy/src/proxy.ts', 'utf8'))?.[1];
  const told = /nine stages: ([\s\S]*?)\./.exec(header?.replace(/\s*\*\s*/g, ' ') ?? '')?.[1];
  assert.deepEqual(told?.split(/,\s*/), [...stages]);
});

test('every setting of the proxy is documented with the default that is in force', async () => {
  const loaded = await loadProxyConfig('test/every-setting.yaml', {});
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const rows = settingRows(readFileSync('docs/configuration.md', 'utf8'));
  for (const { path, value, source } of loaded.values) {
    const pattern = path.replace(/^services\.\w+/, 'services.*').replace(/\[\d+\]/g, '[]');
    const documented =
      elementOf(rows.get(pattern.replace(/\[\]$/, '')), path) ??
      rows.get(pattern) ??
      rows.get(pattern.replace(/\.match\..*/, '.match'));
    assert.ok(documented, `${pattern} is missing in docs/configuration.md`);
    if (source.kind !== 'default') continue;
    const isSame: boolean =
      documented.toLowerCase() === shown(path, value, loaded.values).toLowerCase();
    assert.ok(
      isSame,
      `${pattern}: documented ${documented}, in force ${shown(path, value, loaded.values)}`,
    );
  }
});

test('every event of the supervisor is explained to operators', () => {
  const source = readFileSync('packages/supervisor/src/events.ts', 'utf8');
  const events = new Set(
    [...source.matchAll(/readonly type: '([a-z-]+)'/g)].map(([, type]) => type),
  );
  assert.ok(events.size > 0, 'events.ts no longer names its events');
  const rows = operationsRows('The log of the supervisor');
  assert.deepEqual([...rows].sort(), [...events].sort());
});

test('every metric operators are told to watch exists', () => {
  const sources = globSync('{apps/proxy,packages/telemetry}/src/**/*.ts')
    .filter((file) => !file.includes('.test'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const names = operationsRows('Metrics worth an alert').map((row) => row.replace(/\{.*/, ''));
  assert.ok(names.length > 0);
  for (const name of names) assert.ok(sources.includes(`'${name}'`), `there is no metric ${name}`);
});

test('every relative link leads somewhere', () => {
  for (const document of documents) {
    const text = readFileSync(document, 'utf8').replace(/```[\s\S]*?```/g, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue;
      const file = join(dirname(document), target.replace(/#.*/, ''));
      assert.ok(existsSync(file), `${document} links to ${target}`);
    }
  }
});

test('the configurations in the documents are valid', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'docs-'));
  let checked = 0;
  for (const document of ['README.md', 'docs/configuration.md']) {
    for (const [, yaml = ''] of readFileSync(document, 'utf8').matchAll(
      /```yaml\n([\s\S]*?)```/g,
    )) {
      const file = join(directory, 'headgate.yaml');
      writeFileSync(file, yaml);
      const loaded = await loadProxyConfig(file, {});
      assert.ok(loaded.ok, `${document}: ${JSON.stringify(loaded)}`);
      checked++;
    }
  }
  rmSync(directory, { recursive: true });
  assert.equal(checked, 2);
});

type Values = Extract<Awaited<ReturnType<typeof loadProxyConfig>>, { ok: true }>['values'];

/** First cells of the table under a heading of docs/operations.md. */
function operationsRows(heading: string): string[] {
  const page = readFileSync('docs/operations.md', 'utf8');
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell);
}

/** Rows of the settings table: the setting's name to its default, without backticks. */
function settingRows(markdown: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const [, name = '', value = ''] of markdown.matchAll(/^\| `([^`]+)` \| (.+?) \|/gm)) {
    rows.set(name, value.replaceAll('`', ''));
  }
  return rows;
}

/** The element of a documented list that `path` ends in; undefined when there is no list. */
function elementOf(documented: string | undefined, path: string): string | undefined {
  const index = /\[(\d+)\]$/.exec(path)?.[1];
  if (index === undefined || !documented?.startsWith('[')) return undefined;
  return JSON.stringify((JSON.parse(documented) as unknown[])[Number(index)]);
}

/** A value as `headgate show` prints it, without the unit of a count. */
function shown(path: string, value: unknown, values: Values): string {
  const unit = values.find((entry) => entry.path === path)?.unit;
  if (unit === 'ms') return inDuration(value as number);
  if (unit === 'bytes') return inSize(value as number);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function inSize(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}MiB` : `${bytes / 2 ** 10}KiB`;
}

function inDuration(ms: number): string {
  if (ms === 0) return '0ms';
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const) {
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
