/**
 * `pnpm test [path...]`: runs every test file of the workspace (or those below the given paths),
 * each in a process of its own, and ends with one line that counts them.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { killStragglers, RUN_VARIABLE } from './stragglers.ts';

const ROOTS = ['apps', 'packages', 'scripts', 'test'];
const wanted = process.argv.slice(2);

const files = globSync(
  ROOTS.map((root) => `${root}/**/*.test.ts`),
  { exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path) },
)
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}

const TIME_LIMIT_MS = 180_000;
/** A file is over when its output ends: a process it left behind may keep that from happening. */
const SILENCE_LIMIT_MS = TIME_LIMIT_MS + 30_000;

// Tests that measure, that start a whole stack each, or that need all cores for their workers come
// last and one at a time.
const isStack = (file: string) =>
  /^test\/((bench|load|stack)\/|e2e\/(origin-workers|upgrade|workers)\.)/.test(file);
const counts = { passed: 0, failed: 0, skipped: 0 };
process.env[RUN_VARIABLE] = String(process.pid);
const silence = setTimeout(breakSilence, SILENCE_LIMIT_MS);
await runFiles(
  files.filter((file) => !isStack(file)),
  availableParallelism(),
);
await runFiles(files.filter(isStack), 1);

clearTimeout(silence);
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exit(counts.failed > 0 ? 1 : 0);

async function runFiles(group: string[], concurrency: number): Promise<void> {
  if (group.length === 0) return;
  const stream = run({
    files: group,
    concurrency,
    timeout: TIME_LIMIT_MS,
    execArgv: ['--import', new URL('./leak-check.ts', import.meta.url).href],
  });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite' || event.nesting < 0) return;
    if (event.skip) counts.skipped++;
    else counts.passed++;
  });
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') counts.failed++;
  });
  const output = stream.compose(spec);
  for await (const line of output) {
    process.stdout.write(line);
    silence.refresh();
  }
}

function breakSilence(): void {
  counts.failed++;
  const killed = killStragglers(String(process.pid));
  console.log(`no word for ${SILENCE_LIMIT_MS / 1_000} s; killed what was left:`);
  for (const commandLine of killed) console.log(`  ${commandLine}`);
  if (killed.length === 0) process.exit(1);
  silence.refresh();
}
