#!/usr/bin/env node
/** The `headgate-profile` command: the only file that reads the process it runs in. */
import { readFileSync } from 'node:fs';
import { helpText, parseCommand } from './command-line.ts';
import { profileCommand } from './profile-command.ts';

const command = parseCommand(process.argv.slice(2));
// Exit codes: 0 all was profiled, 1 something was not or the load failed, 2 the command line is wrong.
try {
  process.exitCode = await execute();
} catch (error) {
  complain(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function execute(): Promise<number> {
  switch (command.name) {
    case 'help':
      process.stdout.write(helpText);
      return 0;
    case 'version':
      process.stdout.write(`${version()}\n`);
      return 0;
    case 'usage':
      process.stderr.write(`headgate-profile: ${command.problem}\n\n${helpText}`);
      return 2;
    case 'profile': {
      const interrupt = new AbortController();
      // Cleaning up takes a moment; more signals change nothing, so that it comes to its end.
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(name, () => interrupt.abort());
      }
      const say = (text: string) => void process.stdout.write(`${text}\n`);
      return profileCommand(command.run, { say, complain, signal: interrupt.signal });
    }
  }
}

function complain(text: string): void {
  process.stderr.write(`headgate-profile: ${text}\n`);
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
