/** A real Redis for tests and benches, on a port of its own, keeping nothing on disk. */
import { spawnSync } from 'node:child_process';
import { freePort } from './free-port.ts';
import { startProgram } from './program.ts';

const isInstalled = spawnSync('redis-server', ['--version']).error === undefined;

/** Why what needs a Redis cannot run here. Under CI=true it runs, and fails. */
export const skipWithoutRedis: string | false =
  !isInstalled && process.env.CI !== 'true' && 'redis-server is not on the PATH';

/** A Redis that ends with its disposal. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
}

/** Starts a Redis and waits until it accepts connections. */
export async function startRedisServer(): Promise<RedisServer> {
  const port = await freePort();
  const place = ['--port', `${port}`, '--bind', '127.0.0.1'];
  const program = startProgram('redis-server', [...place, '--save', '', '--appendonly', 'no']);
  try {
    await program.says(/ready to accept connections/i);
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
