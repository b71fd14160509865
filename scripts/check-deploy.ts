/** Validates what cannot be run here: the compose file, the Dockerfile, the config, the units. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ValidationSeverity, validate } from 'dockerfile-utils';
import { checkKernelSettings, checkUnits } from './check-units.ts';
import { readStack } from './stack.ts';

/** Returns one line per problem found in `directory`; prints what cannot be checked here. */
export function checkDeploy(directory: string): string[] {
  const hosts = [
    checkUnits(join(directory, 'systemd')),
    checkKernelSettings(join(directory, 'sysctl', '90-headgate.conf')),
  ];
  for (const { skipped } of hosts) if (skipped) console.log(`note ${skipped}`);
  return [
    ...checkCompose(join(directory, 'compose.yaml')),
    ...checkDockerfile(join(directory, 'Dockerfile')),
    ...checkProxyConfig(join(directory, 'headgate.yaml')),
    ...hosts.flatMap(({ problems }) => problems),
  ];
}

/** Against the Compose Specification's schema, by dclint; and against what `pnpm dev` relies on. */
function checkCompose(file: string): string[] {
  const linted = spawnSync('dclint', ['--quiet', file], { encoding: 'utf8' });
  const problems = linted.status === 0 ? [] : [`${linted.stdout}${linted.stderr}`.trim()];
  try {
    readStack(file);
  } catch (error) {
    problems.push(`${file}: ${(error as Error).message}`);
  }
  return problems;
}

function checkDockerfile(file: string): string[] {
  return validate(readFileSync(file, 'utf8'))
    .filter(({ severity }) => severity === ValidationSeverity.ERROR || severity === undefined)
    .map(({ range, message }) => `${file}:${range.start.line + 1}: ${message}`);
}

function checkProxyConfig(file: string): string[] {
  const checked = spawnSync(process.execPath, ['apps/proxy/src/main.ts', 'check', '-c', file], {
    encoding: 'utf8',
  });
  return checked.status === 0 ? [] : [checked.stderr.trim()];
}
