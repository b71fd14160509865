#!/usr/bin/env node
/** The `headgate` command: the only file that reads the process it runs in. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { formatProblems, formatValues } from '@headgate/config';
import { handleSignals, joinSupervisor, wasUpgraded } from '@headgate/supervisor';
import { createAccessLog, createLogger } from '@headgate/telemetry';
import { helpText, parseCommand, type RunCommand } from './command-line.ts';
import { type EffectiveConfig, loadProxyConfig } from './config.ts';
import { redacted } from './config-redacted.ts';
import { runCtl } from './ctl/ctl.ts';
import { runDiff } from './ctl/run-diff.ts';
import type { EdgeDeps } from './edge.ts';
import { explainRequest } from './explain.ts';
import { run } from './run.ts';
import { openSingle } from './run-single.ts';
import { openSupervised } from './run-supervised.ts';
import { runWorker } from './worker.ts';

const DEFAULT_FILES = ['ts', 'yaml', 'yml', 'json'].map((ending) => `headgate.config.${ending}`);

const link = joinSupervisor();
if (link) {
  await runWorker(link, edgeDeps);
  process.exit();
} else {
  const findConfig = () => DEFAULT_FILES.find((file) => existsSync(file));
  const command = parseCommand(process.argv.slice(2), findConfig);
  // Exit codes: 0 done, 1 the configuration or the start failed, 2 the command line is wrong;
  // diff and ctl have their own.
  process.exitCode = await execute(command);
  if (command.name === 'run') process.exit();
}

async function execute(command: ReturnType<typeof parseCommand>): Promise<number> {
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
      return runProxy(command);
    case 'diff':
      return runDiff(command, { load, env: process.env, print, complain });
    case 'ctl':
      return runCtl(command, { load, env: process.env, print, complain, now, epochMs, sleep });
    default:
      return inspect(command);
  }
}

type Inspecting = Extract<
  ReturnType<typeof parseCommand>,
  { readonly name: 'check' | 'show' | 'explain' }
>;

/** The commands that only read the configuration. */
async function inspect(command: Inspecting): Promise<number> {
  const loaded = await load(command.file);
  if (!loaded.ok) {
    complain(formatProblems(loaded.problems));
    return 1;
  }
  const { config, values } = loaded;
  if (command.name === 'check') {
    const { listeners, services, routes } = config;
    const counts = `${listeners.length} listeners, ${Object.keys(services).length} services, ${routes.length} routes`;
    print(`${command.file} is valid: ${counts}`);
  } else if (command.name === 'show') {
    const shown = { config: redacted(config), values };
    print(command.isJson ? JSON.stringify(shown, null, 2) : formatValues(values));
  } else {
    print(explainRequest(config, command).join('\n'));
  }
  return 0;
}

function runProxy({ file, isSingle, isWatching, workers, pidFile }: RunCommand): Promise<number> {
  const { env, pid, execPath, execArgv, argv } = process;
  // Whoever reads this output may go away, as the other end of a pipe does: no reason to serve nobody.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
  const deps = {
    file,
    version: version(),
    pid,
    env,
    now,
    epochMs,
    random: Math.random,
    load: () => load(file),
    print,
    complain,
    isWatching,
    workers,
    sleep,
  };
  const program = {
    node: execPath,
    execArgv,
    // As it was called: where the path leads through a link, it leads to the newest release.
    file: argv[1] ?? fileURLToPath(import.meta.url),
    args: argv.slice(2),
  };
  const memoryBytes = () => process.memoryUsage.rss();
  return run({
    load: deps.load,
    open: (config) =>
      isSingle
        ? openSingle(config, { ...deps, edgeDeps, memoryBytes })
        : openSupervised(config, { ...deps, program, pidFile }),
    print,
    complain,
    onAction: (context, act) => {
      const isOnTerminal = process.stdin.isTTY === true;
      handleSignals({ source: process, context: () => ({ ...context(), isOnTerminal }), act });
    },
    every(periodMs, act) {
      const timer = setInterval(act, periodMs);
      return () => clearInterval(timer);
    },
    onDisconnect: (act) => {
      // The channel to a predecessor closes when both serve.
      if (!wasUpgraded(env)) process.on('disconnect', act);
    },
  });
}

function edgeDeps(config: EffectiveConfig): EdgeDeps {
  return {
    now,
    random: Math.random,
    randomBytes,
    instance: process.env.HEADGATE_ID ?? hostname(),
    log: createLogger({ name: 'headgate', level: config.logLevel, destination: 'stderr' }),
    openAccessLog: createAccessLog,
  };
}

function load(file: string) {
  return loadProxyConfig(file, process.env);
}

function now(): number {
  return performance.now();
}

function epochMs(): number {
  return Date.now();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
