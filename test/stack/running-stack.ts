/** The sample stack of deploy/compose.yaml as processes on free ports, with a Redis and a PostgreSQL of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import { type RunningProcess, startProcess, waitUntilReady } from '../../scripts/processes.ts';
import { readStack, type StackProcess } from '../../scripts/stack.ts';

export interface RunningStack {
  /** Of the proxy, such as http://127.0.0.1:21080. */
  readonly url: string;
  readonly adminUrl: string;
  readonly partnerUrl: string;
  /** False where no redis-server is installed: origins then keep to their memory tier. */
  readonly hasRedis: boolean;
  process(name: string): RunningProcess;
  /** Starts a process that was stopped or killed, with `env` added; waits until it serves. */
  start(name: string, env?: Record<string, string>): Promise<void>;
  killRedis(): Promise<void>;
  /** Lines the processes wrote to standard error, for a failing test to show. */
  readonly complaints: readonly string[];
  stop(): Promise<void>;
}

/** Another process may take a port between its choice and its use. */
const START_ATTEMPTS = 3;

/** Rejects, with nothing left running, when a process does not start. */
export async function startStack(): Promise<RunningStack> {
  const redis = await startRedis();
  const postgres = await startPostgres({ replicas: 1 });
  for (let attempt = 1; ; attempt++) {
    try {
      return await startProcesses(redis, postgres);
    } catch (error) {
      const isTaken = error instanceof Error && /in use/.test(error.message);
      if (isTaken && attempt < START_ATTEMPTS) continue;
      await Promise.all([redis?.stop(), postgres.stop()]);
      throw error;
    }
  }
}

async function startProcesses(
  redis: Redis | undefined,
  postgres: PostgresServer,
): Promise<RunningStack> {
  const ports = new Map<number, number>();
  for (const { ports: own } of readStack('deploy/compose.yaml')) {
    for (const { port } of own) ports.set(port, await freePort());
  }
  const definitions = readStack('deploy/compose.yaml', {
    mapPort: (port) => ports.get(port) ?? port,
    external: {
      REDIS_URL: redis?.url,
      DATABASE_URL: postgres.url,
      DATABASE_REPLICA_URLS: postgres.replicaUrls.join(','),
    },
    env: { HEADGATE_LOG_LEVEL: 'warn' },
  });
  const complaints: string[] = [];
  const running = new Map<string, RunningProcess>();

  const launch = async (definition: StackProcess, env: Record<string, string>) => {
    const child = startProcess({ ...definition, env: { ...definition.env, ...env } }, (line) =>
      complaints.push(`[${definition.name}] ${line}`),
    );
    running.set(definition.name, child);
    let hasExited = false;
    void child.exited.then(() => {
      hasExited = true;
    });
    await waitUntilReady(definition.readyUrl, () => hasExited);
    if (hasExited) throw new Error(`${definition.name} did not start:\n${complaints.join('\n')}`);
  };
  const stopProcesses = async () => {
    for (const { name } of [...definitions].reverse()) await running.get(name)?.stop();
  };
  try {
    for (const definition of definitions) await launch(definition, {});
  } catch (error) {
    await stopProcesses();
    throw error;
  }

  const portOf = (port: number) => `http://127.0.0.1:${ports.get(port)}`;
  return {
    url: portOf(8080),
    adminUrl: portOf(9090),
    partnerUrl: portOf(4100),
    hasRedis: redis !== undefined,
    complaints,
    process(name) {
      const child = running.get(name);
      if (!child) throw new Error(`no process ${name}`);
      return child;
    },
    async start(name, env = {}) {
      const definition = definitions.find((candidate) => candidate.name === name);
      if (!definition) throw new Error(`no service ${name}`);
      await launch(definition, env);
    },
    killRedis: async () => redis?.stop(),
    async stop() {
      await stopProcesses();
      await Promise.all([redis?.stop(), postgres.stop()]);
    },
  };
}

/** Resident memory of a process in MiB, now. */
export function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

const given = new Set<number>();

/** Below the range the kernel takes client ports from, and none twice. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (given.has(port)) continue;
    given.add(port);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

interface Redis {
  readonly url: string;
  stop(): Promise<void>;
}

async function startRedis(): Promise<Redis | undefined> {
  if (spawnSync('redis-server', ['--version']).error) {
    if (process.env.CI === 'true') throw new Error('redis-server is missing; CI must have it');
    return undefined;
  }
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      if (text.includes('Ready to accept connections')) resolve();
    });
    void exited.then(() => reject(new Error(`redis-server ended:\n${text}`)));
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
