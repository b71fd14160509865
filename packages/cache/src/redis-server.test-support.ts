// Starts and stops a real Redis for tests: on a unix socket in a directory of its own, keeping
// nothing on disk.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
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
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
  /** Stops the process where it stands: connections stay open, and nothing is answered. */
  freeze(): void;
  /** Lets a frozen process go on. */
  thaw(): void;
  /** Starts it again after `kill`, empty, at the same address. */
  restart(): Promise<void>;
  /** Ends the process and removes its directory. */
  stop(): Promise<void>;
}

/** Starts a Redis and waits until it accepts connections. */
export async function startRedisServer(): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-redis-'));
  const url = join(directory, 'redis.sock');
  const removeDirectory = () => rm(directory, { recursive: true, force: true });
  let child = await run(directory, url).catch(async (error) => {
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
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async restart() {
      child = await run(directory, url);
    },
    async stop() {
      await kill();
      await removeDirectory();
    },
  };
}

async function run(directory: string, socketPath: string): Promise<ChildProcess> {
  const child = spawn(
    'redis-server',
    ['--port', '0', '--unixsocket', socketPath, '--dir', directory].concat([
      '--save',
      '',
      '--appendonly',
      'no',
    ]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  // A test process that dies must not leave its Redis behind.
  const killNow = () => void child.kill('SIGKILL');
  process.once('exit', killNow);
  child.once('exit', () => process.off('exit', killNow));
  await once(child, 'spawn');
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('ready to accept connections')) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error('redis-server ended before it was ready');
}
