#!/usr/bin/env node
/** The `headgate-load` command: the only file that reads the process it runs in. */
import { readFileSync } from 'node:fs';
import { helpText, parseCommand } from './command-line.ts';
import { loadTest, writeReport } from './load-test.ts';

const command = parseCommand(process.argv.slice(2));
// Exit codes: 0 done and all thresholds met, 1 not met or failed, 2 the command line is wrong.
try {
  process.exitCode = await execute();
} catch (error) {
  process.stderr.write(
    `headgate-load: ${error instanceof Error ? error.message : String(error)}\n`,
  );
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
      process.stderr.write(`headgate-load: ${command.problem}\n\n${helpText}`);
      return 2;
    case 'report': {
      const { readResult } = await import('./result-file.ts');
      await writeReport(await readResult(command.file), command.out);
      return 0;
    }
    case 'compare': {
      const { compareFiles } = await import('./compare-files.ts');
      const { text, hasRegressed } = await compareFiles(command);
      process.stdout.write(`${text}\n`);
      return hasRegressed ? 1 : 0;
    }
    case 'run':
      return loadTest(command.run, {
        out: {
          write: (text) => void process.stdout.write(text),
          isTTY: process.stdout.isTTY,
          columns: process.stdout.columns,
          isColoured: process.stdout.isTTY && !process.env.NO_COLOR,
        },
        complain: (text) => process.stderr.write(`${text}\n`),
        onInterrupt: (act) => {
          for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, act);
        },
      });
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
