import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freeOriginPort, problemWithName } from './origin-template.ts';

const script = realpathSync('scripts/new-origin.ts');

/** An empty workspace with the template in it, as far as the program needs one. */
function createWorkspace(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-new-origin-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'apps'));
  cpSync('apps/hello', join(folder, 'apps/hello'), {
    recursive: true,
    filter: (source) => !/(^|\/)(node_modules|dist)$/.test(source),
  });
  cpSync('tsconfig.json', join(folder, 'tsconfig.json'));
  symlinkSync(realpathSync('node_modules'), join(folder, 'node_modules'));
  return folder;
}

function run(folder: string, ...args: string[]) {
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env });
}

test('a new origin works at once: its types are right and its tests pass', (t) => {
  const folder = createWorkspace(t);
  const made = run(folder, script, 'price-list');
  assert.equal(made.status, 0, made.stderr);
  // What `pnpm install` would do.
  symlinkSync(
    realpathSync('apps/hello/node_modules'),
    join(folder, 'apps/price-list/node_modules'),
  );

  const tested = run(folder, '--test', 'apps/price-list/src/*.test.ts');
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /pass [4-9]/);
  const checked = run(folder, 'node_modules/typescript/bin/tsc', '-p', 'apps/price-list');
  assert.equal(checked.status, 0, checked.stdout);
});

test('nothing of it is called by the name of the template', (t) => {
  const folder = createWorkspace(t);
  const made = run(folder, script, 'price-list', '--port', '4711');
  assert.match(made.stdout, /4711/);
  assert.match(made.stdout, /PRICE_LIST_URL/);
  const { stdout } = run(
    folder,
    '-e',
    "console.log(fs.globSync('apps/price-list/**/*.*').join('\\n'))",
  );
  for (const file of stdout.trim().split('\n')) {
    assert.doesNotMatch(readFileSync(join(folder, file), 'utf8'), /hello/i, file);
  }
});

test('what cannot be made is refused with the reason, and nothing is written', (t) => {
  const folder = createWorkspace(t);
  for (const [args, reason] of [
    [['Hello!'], /cannot be the name of an app/],
    [['hello'], /exists already/],
    [[], /usage/],
    [['a', 'b'], /usage/],
    [['price', '--port', '99999'], /from 1 to 65535/],
  ] as const) {
    const refused = run(folder, script, ...args);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, reason);
  }
  assert.equal(run(folder, '-p', "fs.readdirSync('apps').join()").stdout.trim(), 'hello');
});

test('names are those of folders and packages', () => {
  for (const name of ['a', 'price-list', 'v2']) assert.equal(problemWithName(name), undefined);
  for (const name of ['', '2a', 'a--b', 'a-', '../a', 'a/b', 'A', 'a'.repeat(41)]) {
    assert.ok(problemWithName(name), name);
  }
});

test('the port is one that no other origin has by default', () => {
  assert.ok(freeOriginPort('apps') > 4004);
});
