// Starts and stops real Redis servers for tests: each in a directory of its own, on a unix socket or
// a port of its own, keeping nothing on disk unless it is told to.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const hasBinary = spawnSync('redis-server', ['--version']).error === undefined;
const isCi = process.env.CI === 'true';

/** Why tests that start and kill a Redis cannot run here. Under CI=true they run, and fail. */
export const skipWithoutRedisServer = !hasBinary && !isCi && 'redis-server is not on the PATH';

/** Why tests that only use a Redis cannot run here. Under CI=true they run, and fail. */
export const skipWithoutRedis =
  process.env.REDIS_URL === undefined && skipWithoutRedisServer !== false
    ? `${skipWithoutRedisServer} and REDIS_URL is not set`
    : false;

/** A Redis that tests may mistreat. */
export interface RedisServer {
  readonly url: string;
  /** 0 on a unix socket. */
  readonly port: number;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
  /** Stops the process where it stands: connections stay open, and nothing is answered. */
  freeze(): void;
  /** Lets a frozen process go on. */
  thaw(): void;
  /** Starts it again after `kill`, at the same address; empty, unless it was told to keep a file. */
  restart(): Promise<void>;
  /** Ends the process and removes its directory. */
  stop(): Promise<void>;
}

/** What a server is to be. */
export interface RedisServerOptions {
  /** Listens on this port of 127.0.0.1, not on a unix socket. */
  readonly port?: number;
  /** Further arguments: `--replicaof 127.0.0.1 7000`. */
  readonly args?: readonly string[];
}

const READY = /ready to accept connections|Sentinel ID is|Server initialized/i;

/** Starts a Redis and waits until it accepts connections. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { port = 0, args = [] } = options;
  const directory = await mkdtemp(join(tmpdir(), 'headgate-redis-'));
  const url = port === 0 ? join(directory, 'redis.sock') : `redis://127.0.0.1:${port}`;
  const place =
    port === 0
      ? ['--port', '0', '--unixsocket', url]
      : ['--port', String(port), '--bind', '127.0.0.1'];
  const command = ['--dir', directory, ...place, '--save', '', '--appendonly', 'no', ...args];
  const removeDirectory = () => rm(directory, { recursive: true, force: true });
  let child = await runUntilReady(command).catch(async (error) => {
    await removeDirectory();
    throw error;
  });

  async function kill() {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  return {
    url,
    port,
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async restart() {
      child = await runUntilReady(command);
    },
    async stop() {
      await kill();
      await removeDirectory();
    },
  };
}

/** Runs `redis-server` until it says that it is ready. */
export async function runUntilReady(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // A test process that dies must not leave its Redis behind.
  const killNow = () => void child.kill('SIGKILL');
  process.once('exit', killNow);
  child.once('exit', () => process.off('exit', killNow));
  await once(child, 'spawn');
  for await (const line of createInterface(child.stdout)) {
    if (READY.test(line)) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error(`redis-server ${args.join(' ')} ended before it was ready`);
}

/** Ports of 127.0.0.1 that were free a moment ago, each different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
