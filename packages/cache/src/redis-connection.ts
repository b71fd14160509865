// One connection to Redis: opened, timed and ended here. ioredis's own reconnecting, queueing,
// resending, redirecting and timing are off: a connection that fails is thrown away, and the circuit
// of its server decides when to open another.

import type { RedisAddress } from './redis-place.ts';
import { startTimeout } from './within.ts';

/** A command with its arguments, as Redis documents it. */
export type Command = readonly [name: string, ...args: (string | number | Buffer)[]];

/** What Redis answers a command: text and bytes alike as a `Buffer`, the lack of both as null. */
export type Reply = Buffer | number | null | readonly Reply[];

/** A connection that Redis has greeted. */
export interface RedisConnection {
  /**
   * Sends `commands` one after another and waits for all replies. When they do not come in time the
   * connection is ended, which takes back everything sent on it.
   * @param blockMs how long the commands themselves may make Redis wait; added to the timeout
   * @throws Redis's ReplyError of the first command refused, or why there was no reply
   */
  call(commands: readonly Command[], blockMs?: number): Promise<readonly Reply[]>;
  /** Resolves when the socket is gone, whoever closed it. */
  readonly ended: Promise<void>;
  /** Ends the connection at once, rejecting calls without a reply. */
  end(): Promise<void>;
}

/** Settings of {@link openRedis}. */
export interface OpenOptions {
  /** Bound for the whole opening, and then for each reply. */
  readonly timeoutMs: number;
  /** Gives up opening; has no meaning afterwards. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a connection and waits until it is ready.
 * @param target where: `redis://`, `rediss://`, the path of a unix socket, or an address in parts
 * @throws the cause when Redis is not ready in time; nothing is left open then
 */
export async function openRedis(
  target: string | RedisAddress,
  { timeoutMs, signal }: OpenOptions,
): Promise<RedisConnection> {
  // Only who has a Redis pays for its client.
  const { Redis } = await import('ioredis');
  signal?.throwIfAborted();
  const settings = {
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A Redis that still loads its data says so in each reply; asking beforehand costs a round trip.
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 0,
    // The older protocol has one shape for each reply and needs no greeting.
    protocol: 2 as const,
    disableClientInfo: true,
    connectionName: 'headgate-cache',
  };
  const client =
    typeof target === 'string'
      ? new Redis(target, settings)
      : new Redis({ ...settings, ...optionsOf(target) });
  // Without a listener ioredis prints each error. Here one is only worth keeping while connecting,
  // because `connect` itself rejects with no more than "Connection is closed".
  let cause: Error | undefined;
  client.on('error', (error: Error) => {
    cause = error;
  });
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  let isEnding = false;
  let isHeldBack = false;

  function end(): Promise<void> {
    if (!isEnding && client.status !== 'end') {
      isEnding = true;
      client.disconnect();
      // disconnect() only half-closes; a peer gone silent would keep the socket for seconds.
      client.stream?.destroy();
    }
    return ended;
  }

  async function inTime<T>(what: string, settling: Promise<T>, boundMs: number): Promise<T> {
    let late: Error | undefined;
    const stopTimeout = startTimeout(boundMs, () => {
      late = new Error(`Redis ${what} within ${boundMs} ms`);
      void end();
    });
    try {
      return await settling;
    } catch (error) {
      throw late ?? withoutCommand(error);
    } finally {
      stopTimeout();
    }
  }

  /** Lets what is sent in one turn leave in one write: a system call each would cost more than Redis. */
  function holdBack() {
    if (isHeldBack) return;
    isHeldBack = true;
    client.stream.cork();
    queueMicrotask(() => {
      isHeldBack = false;
      client.stream.uncork();
    });
  }

  const giveUp = () => void end();
  signal?.addEventListener('abort', giveUp);
  try {
    await inTime('was not ready', client.connect(), timeoutMs);
  } catch (error) {
    await end();
    throw signal?.aborted ? signal.reason : (cause ?? error);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
  return {
    call(commands, blockMs = 0) {
      holdBack();
      const replies = commands.map(([name, ...args]) => client.callBuffer(name, ...args));
      return inTime('did not reply', Promise.all(replies), timeoutMs + blockMs) as Promise<Reply[]>;
    },
    ended,
    end,
  };
}

function optionsOf({ isTls, ...address }: RedisAddress) {
  return isTls ? { ...address, tls: {} } : address;
}

/** ioredis hangs the command on each error: values and passwords, kept as long as the error is. */
function withoutCommand(error: unknown): unknown {
  if (error instanceof Error && 'command' in error) delete error.command;
  return error;
}
