import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const pnpm = process.env.npm_execpath;
const skip = pnpm === undefined ? 'run it by `pnpm test`, which says where pnpm is' : false;
const directory = mkdtempSync(join(tmpdir(), 'deployed-'));

function run(command: string, args: string[], cwd = '.') {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', env: process.env });
  return { status: result.status, text: `${result.stdout}${result.stderr}` };
}

before(() => {
  if (pnpm === undefined) return;
  const built = run(pnpm, ['build']);
  assert.equal(built.status, 0, built.text);
});
after(() => rmSync(directory, { recursive: true }));

test('a deployed proxy runs as JavaScript, away from the workspace', { skip }, () => {
  const out = join(directory, 'proxy');
  const deployed = run(pnpm as string, ['deploy-app', 'proxy', out]);
  assert.equal(deployed.status, 0, deployed.text);
  assert.match(run(process.execPath, ['dist/main.js', '--version'], out).text, /^\d+\.\d+\.\d+\n$/);

  const config = join(process.cwd(), 'deploy', 'headgate.yaml');
  const checked = run(process.execPath, ['dist/main.js', 'check', '--config', config], out);
  assert.equal(checked.status, 0, checked.text);
});

test('a deployed origin runs as JavaScript and explains what is wrong with its settings', {
  skip,
}, () => {
  const out = join(directory, 'items');
  const deployed = run(pnpm as string, ['deploy-app', 'items', out]);
  assert.equal(deployed.status, 0, deployed.text);
  const started = spawnSync(process.execPath, ['dist/main.js'], {
    cwd: out,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, PORT: 'many', PARTNER_URL: 'nowhere' },
  });
  assert.equal(started.status, 1);
  assert.match(started.stderr, /PORT/);
  assert.match(started.stderr, /PARTNER_URL/);
});

test('a directory that exists is not written over', { skip }, () => {
  const refused = run(pnpm as string, ['deploy-app', 'proxy', directory]);
  assert.equal(refused.status, 1);
  assert.match(refused.text, /exists already; name a new directory/);
});
