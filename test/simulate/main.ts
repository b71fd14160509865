/** `pnpm simulate`: how the balancer fares when things go wrong, without waiting for it. */
import { writeFile } from 'node:fs/promises';
import { loadProxyConfig } from '@headgate/proxy';
import { type Chapter, drawChapter, renderPage } from './chart-page.ts';
import { parseCommandLine, type SimulateCommand, usage } from './command-line.ts';
import { goldenFile, goldenOf } from './golden.ts';
import { type OwnService, ownServiceOf } from './own-service.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { type Contestant, simulate } from './simulate.ts';
import { figuresOf, goalsOf, summarize } from './summary.ts';

type OwnCommand = Extract<SimulateCommand, { kind: 'own' }>;
type RunCommand = Extract<SimulateCommand, { kind: 'scenarios' }> | OwnCommand;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const command = parseCommandLine(args);
  if ('problem' in command) {
    process.stderr.write(`${command.problem}\n\n${usage}`);
    return 2;
  }
  switch (command.kind) {
    case 'list':
      for (const { name, about } of scenarios) process.stdout.write(`${name}: ${about}\n`);
      return 0;
    case 'update-golden':
      await writeFile(goldenFile, inLines(scenarios.map(goldenOf)));
      return 0;
    case 'scenarios': {
      const chosen = scenarios.filter(({ name }) => command.names.includes(name));
      await run(command, chosen, ['least-connections', 'plain']);
      return 0;
    }
    case 'own': {
      const own = await ownServiceIn(command);
      if ('problem' in own) {
        process.stderr.write(`${own.problem}\n`);
        return 1;
      }
      await run(command, [own.scenario], [own.policy, 'least-connections', 'plain']);
      return 0;
    }
  }
}

async function ownServiceIn(command: OwnCommand): Promise<OwnService | { problem: string }> {
  const loaded = await loadProxyConfig(command.configFile, process.env);
  if (!loaded.ok) {
    const lines = loaded.problems.map(({ file = command.configFile, line, path, message }) => {
      const place = line === undefined ? file : `${file}:${line}`;
      return path === '' ? `${place}  ${message}` : `${place}  ${path}: ${message}`;
    });
    return { problem: lines.join('\n') };
  }
  try {
    return ownServiceOf(loaded.config, command.load);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function run(
  command: RunCommand,
  chosen: readonly Scenario[],
  usual: readonly Contestant[],
): Promise<void> {
  const { seeds, jsonFile, chartFile } = command;
  const contestants = [...new Set(command.contestants ?? usual)];
  const results: unknown[] = [];
  const chapters: Chapter[] = [];
  for (const scenario of chosen) {
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
    if (chartFile) chapters.push(drawChapter(scenario, entries));
  }
  if (jsonFile) await writeFile(jsonFile, inLines(results));
  if (chartFile) {
    await writeFile(chartFile, renderPage(chapters));
    process.stdout.write(`charts are in ${chartFile}\n`);
  }
}

function inLines(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
