/** `pnpm simulate`: how the balancer fares when things go wrong, without waiting for it. */
import { writeFile } from 'node:fs/promises';
import { parseCommandLine, type SimulateCommand, usage } from './command-line.ts';
import { goldenFile, goldenOf } from './golden.ts';
import { scenarios } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { figuresOf, goalsOf, summarize } from './summary.ts';

const command = parseCommandLine(process.argv.slice(2));
if ('problem' in command) {
  process.stderr.write(`${command.problem}\n\n${usage}`);
  process.exitCode = 2;
} else if (command.isListing) {
  for (const { name, about } of scenarios) process.stdout.write(`${name}: ${about}\n`);
} else if (command.isUpdatingGolden) {
  await writeFile(goldenFile, `${JSON.stringify(scenarios.map(goldenOf), null, 2)}\n`);
} else {
  await run(command);
}

async function run({ names, contestants, seeds, jsonFile }: SimulateCommand): Promise<void> {
  const results: unknown[] = [];
  for (const scenario of scenarios.filter(({ name }) => names.includes(name))) {
    const entries = contestants.map((contestant) => ({
      contestant,
      runs: Array.from({ length: seeds }, (_, i) => simulate(scenario, contestant, i + 1)),
    }));
    process.stdout.write(`${summarize(scenario, entries)}\n`);
    results.push({
      scenario: scenario.name,
      contestants: entries.map(({ contestant, runs }) => ({ contestant, ...figuresOf(runs) })),
      goals: goalsOf(scenario, entries[0]?.runs ?? []),
    });
  }
  if (jsonFile) await writeFile(jsonFile, `${JSON.stringify(results, null, 2)}\n`);
}
