/** `pnpm dev`: the whole sample stack on this machine, until Ctrl-C. */
import { createServer } from 'node:net';
import { watchAncestors } from './ancestors.ts';
import { type RunningProcess, startProcess, waitUntilReady } from './processes.ts';
import { readStack, type StackProcess } from './stack.ts';
import { watchSources } from './watch-sources.ts';

const offset = Number(process.env.DEV_PORT_OFFSET ?? 0);
const stack = readStack('deploy/compose.yaml', {
  mapPort: (port) => port + offset,
  redisUrl: process.env.REDIS_URL,
  env: { HEADGATE_LOG_LEVEL: process.env.HEADGATE_LOG_LEVEL ?? 'warn', LOG_LEVEL: 'warn' },
});
const running = new Map<string, RunningProcess>();
let isStopping = false;

process.once('SIGINT', () => void stop(0));
process.once('SIGTERM', () => void stop(0));
process.once('SIGHUP', () => void stop(0));
watchAncestors(() => void stop(0));

const busy = await findBusyPort(stack);
if (busy) {
  console.error(busy);
  process.exit(1);
}
for (const definition of stack) start(definition);
await Promise.all(stack.map((definition) => waitUntilReady(definition.readyUrl, () => isStopping)));
if (!isStopping) {
  console.log(banner());
  watchSources(['apps', 'packages'], (changed) => void restart(changed));
}

function start(definition: StackProcess): void {
  const child = startProcess(definition, (line) => console.error(`[${definition.name}] ${line}`));
  running.set(definition.name, child);
  void child.exited.then((code) => {
    if (isStopping || running.get(definition.name) !== child) return;
    console.error(`${definition.name} stopped by itself (exit code ${code}); stopping the rest`);
    void stop(1);
  });
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
    start(definition);
    await waitUntilReady(definition.readyUrl, () => isStopping);
  }
}

/** Edge first, so that nothing is asked of an origin that has gone. */
async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  for (const { name } of [...stack].reverse()) await running.get(name)?.stop();
  process.exit(code);
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
  const cache = process.env.REDIS_URL ? 'memory and Redis' : 'memory (set REDIS_URL to add Redis)';
  return `
Headgate is up.

  proxy    ${base}
  status   http://127.0.0.1:${admin?.port}/
  behind   ${stack
    .map(({ name }) => name)
    .filter((name) => name !== 'proxy')
    .join(', ')}; cache in ${cache}

  curl ${base}/items/5
  curl '${base}/feed?count=10'
  curl -N ${base}/live/ticks

Ctrl-C stops everything.
`;
}
