// The tier that processes share: JSON values in Redis, each with its own time to live. A Redis that
// fails costs one short wait, then nothing until it is back.

import type { Redis } from 'ioredis';
import { type Circuit, createCircuit, type Pass } from './circuit.ts';
import { openRedis, type RedisConnection } from './redis-connection.ts';
import type { Store } from './store.ts';

/** Settings of {@link createRedisStore}. */
export interface RedisStoreOptions {
  /** `redis://[user:password@]host:port[/db]`, `rediss://…` for TLS, or a unix socket's path. */
  readonly url: string;
  /** Put before every key, so that several applications can use one Redis: `shop:`. */
  readonly prefix: string;
  /** Longest wait for Redis to be connected, and for each of its replies. Default 100. */
  readonly commandTimeoutMs?: number;
  /** A clock in milliseconds that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
  /** Uniform in [0, 1), spreads the back-off. Default: `Math.random`. */
  readonly random?: () => number;
}

/** A {@link Store} in Redis, with its circuit to look at. */
export interface RedisStore extends Store {
  /** Open while Redis is left alone: reads find nothing and writes are dropped, at no cost. */
  readonly circuit: Pick<Circuit, 'isOpen' | 'lastError'>;
}

/** Replies that condemn the connection and not just the command, by their code. */
const UNUSABLE = /^(LOADING|MASTERDOWN|NOAUTH|READONLY) /;

function isAboutCommandOnly(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && !UNUSABLE.test(error.message);
}

/**
 * Makes a store in Redis. It connects at the first call. A connection that fails, a reply that does
 * not come and a Redis that cannot serve (loading, demoted to a replica) open the circuit: the
 * connection is dropped and Redis left alone for a back-off, see {@link createCircuit}. Meanwhile
 * `get` finds nothing and `set` drops its value; `delete` rejects, because what Redis still holds
 * may come back and lives until its time is up.
 * @throws TypeError when `url` is not an address of Redis
 */
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { url, prefix, commandTimeoutMs = 100 } = options;
  if (!/^(rediss?:\/\/|\/)/.test(url)) {
    throw new TypeError('url of the Redis store must be redis://…, rediss://… or a socket path');
  }
  const { now = () => performance.now(), random = Math.random } = options;
  const circuit = createCircuit({ now, random });
  let connection: Promise<RedisConnection> | undefined;
  let isClosed = false;

  function connect(): Promise<RedisConnection> {
    const opening = openRedis(url, commandTimeoutMs).then((opened) => {
      void opened.ended.then(() => forget(opening));
      return opened;
    });
    return opening;
  }

  function forget(lost: Promise<RedisConnection>) {
    if (connection === lost) connection = undefined;
  }

  function enter(): Pass | undefined {
    return isClosed ? undefined : circuit.enter();
  }

  async function send<T>(pass: Pass, command: (client: Redis) => Promise<T>): Promise<T> {
    connection ??= connect();
    const used = connection;
    try {
      const reply = await (await used).call(command);
      pass.succeed();
      return reply;
    } catch (error) {
      if (isAboutCommandOnly(error)) {
        pass.succeed();
      } else {
        pass.fail(error instanceof Error ? error : new Error(String(error)));
        forget(used);
        used.then(
          (failed) => failed.end(),
          () => {},
        );
      }
      throw error;
    }
  }

  return {
    name: 'redis',
    circuit,

    async get(key, signal) {
      signal?.throwIfAborted();
      const pass = enter();
      if (pass === undefined) return undefined;
      // The life is read before the value: if another process replaces the entry in between, the
      // new value gets the old, shorter life. The other way round a dead value could live on.
      const [ttlMs, json] = await send(pass, (client) =>
        Promise.all([client.pttl(prefix + key), client.get(prefix + key)]),
      );
      if (json === null || ttlMs <= 0) return undefined;
      return { value: parse(key, json), ttlMs };
    },

    async set(key, { value, ttlMs }) {
      const json = JSON.stringify(value);
      const pass = enter();
      if (pass === undefined) return;
      const wholeMs = Math.max(1, Math.round(ttlMs));
      await send(pass, (client) => client.set(prefix + key, json, 'PX', wholeMs));
    },

    async delete(key) {
      if (isClosed) return;
      const pass = enter();
      if (pass === undefined) {
        const cause = circuit.lastError;
        throw new Error(`"${key}" was not deleted: Redis is left alone after a failure`, { cause });
      }
      await send(pass, (client) => client.unlink(prefix + key));
    },

    async close() {
      isClosed = true;
      const open = await connection?.catch(() => undefined);
      if (open === undefined) return;
      // Answered after everything sent before it, so no write is cut off.
      await open.call((client) => client.quit()).catch(() => {});
      await open.end();
    },
  };
}

function parse(key: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new Error(`what Redis holds for "${key}" is not JSON; delete it or change the prefix`, {
      cause,
    });
  }
}
