// One connection to Redis: opened, timed and ended here. ioredis's own reconnecting, queueing,
// resending and timing are off: a connection that fails is thrown away, and the store's circuit
// decides when to open another.

import { Redis } from 'ioredis';

/** A connection that Redis has greeted. */
export interface RedisConnection {
  /**
   * Sends with `command` and waits for the reply. When it does not come in time the connection is
   * ended, which takes back everything sent on it.
   * @throws Redis's ReplyError, or why there was no reply
   */
  call<T>(command: (client: Redis) => Promise<T>): Promise<T>;
  /** Resolves when the socket is gone, whoever closed it. */
  readonly ended: Promise<void>;
  /** Ends the connection at once, rejecting calls without a reply. */
  end(): Promise<void>;
}

/**
 * Opens a connection and waits until it is ready.
 * @param url `redis://`, `rediss://` or the path of a unix socket
 * @param timeoutMs bound for the whole opening, and then for each reply
 * @throws the cause when Redis is not ready within `timeoutMs`; nothing is left open then
 */
export async function openRedis(url: string, timeoutMs: number): Promise<RedisConnection> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A Redis that still loads its data says so in each reply; asking beforehand costs a round trip.
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 0,
    connectionName: 'headgate-cache',
  });
  // Without a listener ioredis prints each error. Here one is only worth keeping while connecting,
  // because `connect` itself rejects with no more than "Connection is closed".
  let cause: Error | undefined;
  client.on('error', (error: Error) => {
    cause = error;
  });
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  let isEnding = false;

  function end(): Promise<void> {
    if (!isEnding && client.status !== 'end') {
      isEnding = true;
      client.disconnect();
      // disconnect() only half-closes; a peer gone silent would keep the socket for seconds.
      client.stream?.destroy();
    }
    return ended;
  }

  async function inTime<T>(what: string, settling: Promise<T>): Promise<T> {
    let late: Error | undefined;
    const stopTimeout = startTimeout(timeoutMs, () => {
      late = new Error(`Redis ${what} within ${timeoutMs} ms`);
      void end();
    });
    try {
      return await settling;
    } catch (error) {
      throw late ?? error;
    } finally {
      stopTimeout();
    }
  }

  try {
    await inTime('was not ready', client.connect());
  } catch (error) {
    await end();
    throw cause ?? error;
  }
  return { call: (command) => inTime('did not reply', command(client)), ended, end };
}

/**
 * Calls `onTimeout` after `timeoutMs`, unless the returned function is called before. When this
 * process was busy, its timers fire before the replies that came meanwhile are read; the extra turn
 * of the event loop reads them first, so that our own pause is not taken for Redis's.
 */
function startTimeout(timeoutMs: number, onTimeout: () => void): () => void {
  let lastTurn: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    lastTurn = setImmediate(onTimeout);
  }, timeoutMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(lastTurn);
  };
}
