/** `pnpm dev`: the whole sample stack on this machine, until Ctrl-C. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { mayKeepIn, type PostgresServer, startPostgres } from '@headgate/postgres-server';
import { watchAncestors } from './ancestors.ts';
import { type RunningProcess, startProcess, waitUntilReady } from './processes.ts';
import { readStack, type StackProcess } from './stack.ts';
import { watchSources } from './watch-sources.ts';

const COMPOSE = 'deploy/compose.yaml';
/** What the database keeps stays here from one time to the next. */
const DATA_FOLDER = join(process.env.DEV_FOLDER || join('.cache', 'dev'), 'postgres');

const offset = readOffset(process.env.DEV_PORT_OFFSET ?? '0');
const stackOptions = {
  mapPort: (port: number) => port + offset,
  variables: {
    HEADGATE_ADMIN_TOKEN: process.env.HEADGATE_ADMIN_TOKEN || randomBytes(16).toString('hex'),
  },
  env: { HEADGATE_LOG_LEVEL: process.env.HEADGATE_LOG_LEVEL ?? 'warn', LOG_LEVEL: 'warn' },
};
let stack = readStack(COMPOSE, stackOptions);
let postgres: PostgresServer | undefined;
const running = new Map<string, RunningProcess>();
let isUp = false;
let isStopping = false;
let restarting = Promise.resolve();

process.once('SIGINT', () => void stop(0));
process.once('SIGTERM', () => void stop(0));
process.once('SIGHUP', () => void stop(0));
watchAncestors(() => void stop(0));

const busy = await findBusyPort(stack);
if (busy) {
  console.error(busy);
  process.exit(1);
}
const { DATABASE_URL, DATABASE_REPLICA_URLS, REDIS_URL } = process.env;
const database = DATABASE_URL ? { DATABASE_URL, DATABASE_REPLICA_URLS } : await startDatabase();
stack = readStack(COMPOSE, { ...stackOptions, external: { REDIS_URL, ...database } });
if (!isStopping) for (const definition of stack) start(definition);
await Promise.all(stack.map((definition) => waitUntilReady(definition.readyUrl, () => isStopping)));
if (!isStopping) {
  isUp = true;
  console.log(banner());
  watchSources(['apps', 'packages'], (changed) => {
    restarting = restarting.then(() => restart(changed));
  });
}

/** A PostgreSQL of our own with one replica; exits with its message when it cannot be had. */
async function startDatabase() {
  try {
    postgres = await startPostgres({
      replicas: 1,
      folder: mayKeepIn(DATA_FOLDER) ? DATA_FOLDER : undefined,
    });
  } catch (error) {
    console.error(`${(error as Error).message}; or set DATABASE_URL to a database of yours`);
    process.exit(1);
  }
  return {
    DATABASE_URL: postgres.url,
    DATABASE_REPLICA_URLS: postgres.replicaUrls.join(','),
  };
}

function start(definition: StackProcess): RunningProcess {
  const child = startProcess(definition, (line) => console.error(`[${definition.name}] ${line}`));
  running.set(definition.name, child);
  void child.exited.then((code) => {
    if (isStopping || running.get(definition.name) !== child) return;
    running.delete(definition.name);
    if (isUp) {
      console.error(
        `${definition.name} stopped (exit code ${code}); saving one of its files starts it`,
      );
      return;
    }
    console.error(`${definition.name} did not start (exit code ${code}); stopping the rest`);
    void stop(1);
  });
  return child;
}

/** Restarts the apps a changed file belongs to: its own app, or all of them for a package. */
async function restart(changed: string): Promise<void> {
  const app = /^apps\/([^/]+)\//.exec(changed)?.[1];
  const affected = stack.filter((definition) => app === undefined || definition.app === app);
  if (isStopping || affected.length === 0) return;
  console.log(`${changed} changed; restarting ${affected.map(({ name }) => name).join(', ')}`);
  for (const definition of affected) {
    const old = running.get(definition.name);
    running.delete(definition.name);
    await old?.stop();
    if (isStopping) return;
    const child = start(definition);
    const isGone = () => isStopping || running.get(definition.name) !== child;
    await waitUntilReady(definition.readyUrl, isGone);
  }
}

/**
 * The edge hears of it first, so that nothing new is asked of an origin that leaves; the origins
 * right after, because streams end at their source and the edge waits for them.
 */
async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  console.log('stopping');
  const stopping: Promise<void>[] = [];
  for (const { name } of [...stack].reverse()) {
    const child = running.get(name);
    if (child) stopping.push(child.stop());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await Promise.all(stopping);
  await postgres?.stop();
  process.exit(code);
}

function readOffset(text: string): number {
  const highest = 65_535 - 9_090;
  if (/^\d{1,5}$/.test(text) && Number(text) <= highest) return Number(text);
  console.error(`DEV_PORT_OFFSET is ${text}; expected a number from 0 to ${highest}`);
  process.exit(1);
}

async function findBusyPort(processes: readonly StackProcess[]): Promise<string | undefined> {
  for (const { name, ports } of processes) {
    for (const { port, setting } of ports) {
      if (await isFree(port)) continue;
      return `port ${port} (${setting} of ${name}) is in use by another process; stop it, or move every port: DEV_PORT_OFFSET=100 pnpm dev`;
    }
  }
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function banner(): string {
  const proxy = stack.find(({ app }) => app === 'proxy');
  const [edge, admin] = proxy?.ports ?? [];
  const base = `http://127.0.0.1:${edge?.port}`;
  const database = process.env.DATABASE_URL
    ? 'that of DATABASE_URL'
    : `PostgreSQL with a replica, ${
        mayKeepIn(DATA_FOLDER)
          ? `kept in ${DATA_FOLDER}`
          : 'gone at the end: its user may not enter this folder, and root may not run it'
      }`;
  const cache = process.env.REDIS_URL ? 'memory and Redis' : 'memory (set REDIS_URL to add Redis)';
  return `
Headgate is up.

  proxy    ${base}
  status   http://127.0.0.1:${admin?.port}/
  behind   ${stack
    .map(({ name }) => name)
    .filter((name) => name !== 'proxy')
    .join(', ')}
  cache    ${cache}
  data     ${database}

  curl ${base}/items/5
  curl '${base}/feed?count=10'
  curl ${base}/profiles/7
  curl -N ${base}/live/ticks

Ctrl-C stops everything.
`;
}
