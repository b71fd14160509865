/** `pnpm bench proxy|load|faults|concurrency|million|cache|cache-tiers|origin`: Headgate against its peers, on this machine, now. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCacheContest } from './cache-contest.ts';
import { runCacheTiers } from './cache-tiers.ts';
import { type Command, parseCommandLine, usage } from './command-line.ts';
import { runConcurrencyContest } from './concurrency-contest.ts';
import { runFaultContest } from './fault-contest.ts';
import { runLoadContest } from './load-contest.ts';
import { runMillionContest } from './million-contest.ts';
import { runOriginContest } from './origin-contest.ts';
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
  const results = await run(command, {
    folder,
    signal: interruption.signal,
    print: (text) => process.stdout.write(`${text}\n`),
  });
  if (command.jsonFile) await writeFile(command.jsonFile, `${JSON.stringify(results, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

function run(asked: Command, options: ContestOptions): Promise<unknown> {
  switch (asked.contest) {
    case 'proxy':
      return runProxyContest(asked, options);
    case 'load':
      return runLoadContest(asked, options);
    case 'faults':
      return runFaultContest(asked, options);
    case 'concurrency':
      return runConcurrencyContest(asked, options);
    case 'million':
      return runMillionContest(asked, options);
    case 'cache':
      return runCacheContest(asked, options);
    case 'cache-tiers':
      return runCacheTiers(asked, options);
    case 'origin':
      return runOriginContest(asked, options);
  }
}
