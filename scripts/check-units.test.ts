import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkKernelSettings, checkUnits } from './check-units.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-units-'));
after(() => rmSync(folder, { recursive: true }));

const isMissing = spawnSync('systemd-analyze', ['--version']).status !== 0;
const skip = isMissing && 'systemd-analyze is not installed';

test('the units are valid', { skip }, () => {
  assert.deepEqual(checkUnits('deploy/systemd'), { problems: [] });
});

test('a unit with a setting that systemd does not know is named with the line', { skip }, () => {
  const units = join(folder, 'broken');
  mkdirSync(units);
  const lines = ['[Service]', 'ExecStart=/opt/nowhere/program run', 'WatchdogSeconds=30', ''];
  writeFileSync(join(units, 'broken.service'), lines.join('\n'));
  const { problems } = checkUnits(units);
  assert.equal(problems.length, 1, problems.join('\n'));
  assert.match(problems[0] ?? '', /broken\.service:3: .*WatchdogSeconds/);
  assert.ok(problems[0]?.startsWith(units), 'the file that is meant, not its copy');
});

test('without systemd-analyze it is said that nothing was verified', () => {
  const { PATH } = process.env;
  process.env.PATH = folder;
  try {
    assert.deepEqual(checkUnits('deploy/systemd'), {
      problems: [],
      skipped: 'deploy/systemd: not verified, there is no systemd-analyze',
    });
  } finally {
    process.env.PATH = PATH;
  }
});

test('the kernel settings are ones that there are', () => {
  assert.deepEqual(checkKernelSettings('deploy/sysctl/90-headgate.conf').problems, []);
});

test('a kernel setting that is misspelt is named with the line', (t) => {
  if (process.platform !== 'linux') return t.skip('no Linux');
  const file = join(folder, '90-broken.conf');
  writeFileSync(file, '# comment\nnet.core.somaxcon = 4096\nnet.core.somaxconn: 4096\n');
  assert.deepEqual(checkKernelSettings(file).problems, [
    '90-broken.conf:2: this kernel has no net.core.somaxcon',
    '90-broken.conf:3: expected "name = numbers", got "net.core.somaxconn: 4096"',
  ]);
});
