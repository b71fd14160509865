/** `pnpm check`: every static gate, all of them even when one fails, with one line each. */
import { spawnSync } from 'node:child_process';
import { checkBoundaries } from './check-boundaries.ts';
import { checkDeploy } from './check-deploy.ts';

interface Gate {
  readonly name: string;
  /** Problems found; empty when the gate is passed. */
  readonly run: () => string[] | Promise<string[]>;
}

const gates: Gate[] = [
  { name: 'format and lint', run: () => command('biome', ['check', '--error-on-warnings']) },
  { name: 'types', run: () => command('turbo', ['run', 'typecheck', '--output-logs=errors-only']) },
  { name: 'types of scripts', run: () => command('tsc', ['-p', 'scripts/tsconfig.json']) },
  { name: 'import law', run: () => checkBoundaries('.') },
  { name: 'dead code', run: () => command('knip', ['--no-progress']) },
  { name: 'deploy files', run: () => checkDeploy('deploy') },
];

let failed = 0;
for (const gate of gates) {
  const startedMs = performance.now();
  const problems = await gate.run();
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${gate.name} (${seconds} s)`);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;

function command(binary: string, args: string[]): string[] {
  const result = spawnSync(binary, args, {
    encoding: 'utf8',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
  });
  if (result.error) return [`${binary}: ${result.error.message}`];
  return result.status === 0 ? [] : [`${result.stdout}${result.stderr}`.trim()];
}
