/** `pnpm bench proxy|load|faults`: Headgate against its peers, on this machine, now. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCommandLine, usage } from './command-line.ts';
import { runFaultContest } from './fault-contest.ts';
import { runLoadContest } from './load-contest.ts';
import { type ContestOptions, runProxyContest } from './proxy-contest.ts';

const command = parseCommandLine(process.argv.slice(2));
if ('problem' in command) {
  process.stderr.write(`${command.problem}\n\n${usage}`);
  process.exit(2);
}

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => interruption.abort(new Error(`stopped by ${name}`)));
}

const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-'));
try {
  const options: ContestOptions = {
    folder,
    signal: interruption.signal,
    print: (text) => process.stdout.write(`${text}\n`),
  };
  const results = await (command.contest === 'faults'
    ? runFaultContest(command, options)
    : command.contest === 'load'
      ? runLoadContest(command, options)
      : runProxyContest(command, options));
  if (command.jsonFile) await writeFile(command.jsonFile, `${JSON.stringify(results, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
