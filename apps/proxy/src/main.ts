#!/usr/bin/env node
/** The `headgate` command: the only file that reads the process it runs in. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { formatProblems, formatValues } from '@headgate/config';
import { createAccessLog, createLogger } from '@headgate/telemetry';
import { helpText, parseCommand } from './command-line.ts';
import { loadProxyConfig } from './config.ts';
import { startEdge } from './edge.ts';
import { explainRequest } from './explain.ts';
import { run } from './run.ts';

const DEFAULT_FILES = ['ts', 'yaml', 'yml', 'json'].map((ending) => `headgate.config.${ending}`);

const command = parseCommand(process.argv.slice(2), () => DEFAULT_FILES.find((f) => existsSync(f)));
// Exit codes: 0 done, 1 the configuration or the start failed, 2 the command line is wrong.
process.exitCode = await execute();
if (command.name === 'run') process.exit();

async function execute(): Promise<number> {
  switch (command.name) {
    case 'help':
      process.stdout.write(helpText);
      return 0;
    case 'version':
      process.stdout.write(`${version()}\n`);
      return 0;
    case 'usage':
      process.stderr.write(`headgate: ${command.problem}\n\n${helpText}`);
      return 2;
    case 'run':
      return runEdge(command.file);
    default:
      return inspect();
  }
}

/** The commands that only read the configuration. */
async function inspect(): Promise<number> {
  if (!('file' in command)) return 2;
  const loaded = await loadProxyConfig(command.file, process.env);
  if (!loaded.ok) {
    process.stderr.write(`${formatProblems(loaded.problems)}\n`);
    return 1;
  }
  const { config, values } = loaded;
  if (command.name === 'check') {
    const { listeners, services, routes } = config;
    const counts = `${listeners.length} listeners, ${Object.keys(services).length} services, ${routes.length} routes`;
    process.stdout.write(`${command.file} is valid: ${counts}\n`);
  } else if (command.name === 'show') {
    const text = command.isJson
      ? JSON.stringify({ config, values }, null, 2)
      : formatValues(values);
    process.stdout.write(`${text}\n`);
  } else if (command.name === 'explain') {
    process.stdout.write(`${explainRequest(config, command).join('\n')}\n`);
  }
  return 0;
}

function runEdge(file: string): Promise<number> {
  return run({
    load: () => loadProxyConfig(file, process.env),
    start: (config) =>
      startEdge(config, {
        now: () => performance.now(),
        random: Math.random,
        randomBytes,
        instance: process.env.HEADGATE_ID ?? hostname(),
        log: createLogger({ name: 'headgate', level: config.logLevel, destination: 'stderr' }),
        openAccessLog: createAccessLog,
      }),
    print: (line) => process.stdout.write(`${line}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    onSignal: (signal, act) => process.on(signal, act),
  });
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
