/** Checks the systemd units and kernel settings of a deployment, as far as this machine can. */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface Checked {
  /** One line per problem. */
  readonly problems: readonly string[];
  /** What could not be checked here, and why. */
  readonly skipped?: string;
}

/** By `systemd-analyze verify`, where there is one; whatever it says is a problem. */
export function checkUnits(directory: string): Checked {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
    return { problems: [], skipped: `${directory}: not verified, there is no systemd-analyze` };
  }
  // It looks for the programs that the units start, and those are not on this machine.
  const copies = mkdtempSync(join(tmpdir(), 'headgate-units-'));
  try {
    const units = globSync('*.{service,socket}', { cwd: directory }).sort();
    for (const unit of units) {
      const text = readFileSync(join(directory, unit), 'utf8');
      const runnable = text.replaceAll(/^(Exec\w+=)\S+/gm, `$1${process.execPath}`);
      writeFileSync(join(copies, unit), runnable);
    }
    const files = units.map((unit) => join(copies, unit));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
      encoding: 'utf8',
    });
    const lines = stderr.split('\n').filter((line) => line !== '');
    const problems = lines.map((line) => line.replaceAll(copies, directory));
    if (status !== 0 && problems.length === 0) problems.push(`${directory}: cannot be verified`);
    return { problems };
  } finally {
    rmSync(copies, { recursive: true });
  }
}

/** Against the kernel of this machine: a setting that it does not have is misspelt or obsolete. */
export function checkKernelSettings(file: string): Checked {
  const problems: string[] = [];
  const isLinux = process.platform === 'linux';
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const name = /^([a-z0-9_.]+) = \d+( \d+)*$/.exec(line)?.[1];
    const where = `${basename(file)}:${index + 1}`;
    if (name === undefined) problems.push(`${where}: expected "name = numbers", got "${line}"`);
    else if (isLinux && globSync(`/proc/sys/${name.replaceAll('.', '/')}`).length === 0) {
      problems.push(`${where}: this kernel has no ${name}`);
    }
  }
  return isLinux ? { problems } : { problems, skipped: `${file}: names not checked, no Linux` };
}
