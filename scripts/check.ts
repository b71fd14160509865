/** `pnpm check`: every static gate, all of them even when one fails, with one line each. */
import { checkBoundaries } from './check-boundaries.ts';
import { checkDeploy } from './check-deploy.ts';
import { complaintsOf } from './command.ts';

interface Gate {
  readonly name: string;
  /** Problems found; empty when the gate is passed. */
  readonly run: () => string[] | Promise<string[]>;
}

const gates: Gate[] = [
  { name: 'format and lint', run: () => complaintsOf('biome', ['check', '--error-on-warnings']) },
  {
    name: 'types',
    run: () => complaintsOf('turbo', ['run', 'typecheck', '--output-logs=errors-only']),
  },
  { name: 'types of scripts', run: () => complaintsOf('tsc', ['-p', 'scripts/tsconfig.json']) },
  { name: 'import law', run: () => checkBoundaries('.') },
  { name: 'dead code', run: () => complaintsOf('knip', ['--no-progress']) },
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
