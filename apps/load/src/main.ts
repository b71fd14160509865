#!/usr/bin/env node
/** The `headgate-load` command: the only file that reads the process it runs in. */
import { readFileSync, writeFileSync } from 'node:fs';
import { helpText, parseCommand } from './command-line.ts';
import { compareResults } from './compare.ts';
import { formatComparison } from './compare-text.ts';
import { loadTest } from './load-test.ts';
import { renderReport } from './page/report.ts';
import { readResult } from './result-file.ts';

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
    case 'report':
      writeFileSync(command.out, await renderReport(await readResult(command.file)));
      return 0;
    case 'compare': {
      const base = await Promise.all(command.base.map(readResult));
      const next = await Promise.all(command.next.map(readResult));
      const { maxRegression } = command;
      const comparison = compareResults(base, next, { maxRegression, confidence: 0.95, seed: 1 });
      process.stdout.write(`${formatComparison(comparison)}\n`);
      return comparison.hasRegressed ? 1 : 0;
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
