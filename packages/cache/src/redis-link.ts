// How the store reaches the server that holds a key, whether there is one server or many.

import type { Command, RedisConnection, Reply } from './redis-connection.ts';
import { createRedisNode, type RedisNodeOptions } from './redis-node.ts';

/** The way to whichever server holds a key. */
export interface RedisLink {
  /**
   * Sends `commands`, all about `key`, to the server that holds it. Calls on one key are sent in the
   * order they are made.
   * @returns undefined when that server is left alone after a failure; that costs nothing
   * @throws Redis's ReplyError, or why there was no reply
   */
  send(key: string, commands: readonly Command[]): Promise<readonly Reply[] | undefined>;
  /**
   * Opens a connection for one user alone to the server that holds `key`, looking anew for it and
   * whatever its circuit says; whoever calls this has a back-off of its own.
   */
  open(key: string, signal: AbortSignal): Promise<RedisConnection>;
  /** Tells when the shared connection to the server that holds `key` is gone. */
  onLost(key: string, listener: () => void): void;
  readonly circuit: LinkCircuit;
  close(): Promise<void>;
}

/** What of Redis is left alone at the moment. */
interface LinkCircuit {
  /** Whether any server is. */
  readonly isOpen: boolean;
  /** Why it is, or the last one was. */
  readonly lastError: Error | undefined;
}

/** Makes the way to the only server there is (of Sentinel's: the one that is master). */
export function createSingleLink(
  open: (signal?: AbortSignal) => Promise<RedisConnection>,
  clock: Pick<RedisNodeOptions, 'now' | 'random'>,
): RedisLink {
  const listeners: (() => void)[] = [];
  const node = createRedisNode({
    ...clock,
    open: () => open(),
    onLost: () => {
      for (const listener of listeners) listener();
    },
  });
  return {
    send: (_key, commands) => node.send(commands),
    open: (_key, signal) => open(signal),
    onLost: (_key, listener) => void listeners.push(listener),
    circuit: node.circuit,
    close: () => node.close(),
  };
}
