import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadScenario } from './scenario-file.ts';

let directory = '';
before(async () => {
  // Far from any node_modules.
  directory = await mkdtemp(join(tmpdir(), 'headgate-load-'));
});
after(() => rm(directory, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const scenario = `{
  target: 'http://127.0.0.1:8080',
  users: 1,
  flows: { home: { request: { path: '/' } } },
}`;

describe('a scenario file', () => {
  it('imports @headgate/load wherever it is, with types or without', async () => {
    const text = `import { defineScenario, constant } from '@headgate/load';
const users: number = 3;
export const scenario = defineScenario({ ...${scenario}, users: constant(users) });`;
    const { users, flows } = await loadScenario(await file('typed.ts', text));
    assert.deepEqual(users, {
      kind: 'line',
      knots: [{ atMs: 0, level: 3 }],
      durationMs: undefined,
      text: '3',
    });
    assert.deepEqual(Object.keys(flows), ['home']);
    const plain = text.replace(': number', '');
    assert.ok(await loadScenario(await file('plain.mjs', plain)));
    assert.ok(await loadScenario(await file('plain.js', plain)));
  });

  it('exports it by name, or by default', async () => {
    assert.ok(await loadScenario(await file('default.mjs', `export default ${scenario}`)));
    const both = `export const scenario = ${scenario}; export default 5;`;
    assert.ok(await loadScenario(await file('both.mjs', both)));
  });

  it('can import its neighbours', async () => {
    await file('neighbour.ts', `export const path: string = '/';`);
    const text = `import { path } from './neighbour.ts';
export const scenario = ${scenario.replace("'/'", 'path')};`;
    assert.ok(await loadScenario(await file('importing.ts', text)));
  });

  const broken: [name: string, text: string, message: RegExp][] = [
    ['nothing.ts', 'export const other = 1;', /nothing\.ts exports no `scenario`/],
    ['syntax.ts', 'const a: number = 1;\nconst b = = 2;', /syntax\.ts:2: /],
    ['syntax.mjs', 'const a = 1;\nconst b = = 2;', /syntax\.mjs:2: /],
    ['enum.ts', '\n\nenum A { B }', /enum\.ts:3: .*enum/],
    [
      'profile.ts',
      `import { constant } from '@headgate/load';\n\nconstant(-1);`,
      /profile\.ts:3: constant: a number/,
    ],
    ['import.ts', `import { nope } from '@headgate/load';\nnope();`, /import\.ts:1: .*'nope'/],
    ['package.ts', `import 'no-such-package';`, /package\.ts: .*no-such-package/],
    ['text.mjs', `throw 'text';`, /text\.mjs threw text/],
    [
      'wrong.mjs',
      `export const scenario = { target: 'x', flow: {} };`,
      /wrong\.mjs: flows is missing\n.*wrong\.mjs: target: /,
    ],
  ];
  for (const [name, text, message] of broken) {
    it(`that is broken says where: ${name}`, async () => {
      await assert.rejects(loadScenario(await file(name, text)), { name: 'Error', message });
    });
  }

  it('that is broken in a file it imports names that one', async () => {
    await file('inner.ts', '\nconst b = = 2;');
    const outer = await file('outer.ts', `import './inner.ts';`);
    await assert.rejects(loadScenario(outer), /inner\.ts:2: /);
  });

  it('has to be there, and to be one', async () => {
    await assert.rejects(loadScenario(join(directory, 'gone.ts')), /gone\.ts: no such file$/);
    await assert.rejects(loadScenario('scenario.yaml'), /ends in \.ts, \.js or \.mjs/);
    await mkdir(join(directory, 'folder.ts'));
    await assert.rejects(loadScenario(join(directory, 'folder.ts')), /folder\.ts: not a file/);
  });
});
