// One Redis server: the connection all calls share, opened when it is first needed, and the circuit
// that leaves the server alone after it failed.

import { type Circuit, createCircuit } from './circuit.ts';
import type { Command, RedisConnection, Reply } from './redis-connection.ts';

/** See {@link createRedisNode}. */
export interface RedisNode {
  readonly circuit: Pick<Circuit, 'isOpen' | 'lastError'>;
  /**
   * Sends `commands` in order and waits for their replies.
   * @returns undefined when the server is left alone after a failure; that costs nothing
   * @throws Redis's ReplyError, or why there was no reply; the circuit is open then
   */
  send(commands: readonly Command[]): Promise<readonly Reply[] | undefined>;
  /** Lets what was sent be answered, then ends the connection. */
  close(): Promise<void>;
}

/** Settings of {@link createRedisNode}. */
export interface RedisNodeOptions {
  /** Opens a connection, within a bound of its own. */
  readonly open: () => Promise<RedisConnection>;
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told when a connection that had been open is gone, except by `close`. */
  readonly onLost: () => void;
}

/** Replies that condemn the connection and not just the command, by how they begin. */
const UNUSABLE = /^(BUSY|LOADING|MASTERDOWN|NOAUTH|READONLY|CLUSTERDOWN The cluster is down)\b/;

function isAboutCommandOnly(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && !UNUSABLE.test(error.message);
}

/**
 * Makes the use of one server. It connects at the first call. A connection that fails, a reply that
 * does not come and a server that cannot serve (loading, demoted to a replica, its cluster down) open
 * the circuit: the connection is dropped and the server left alone for a back-off, see
 * `createCircuit`.
 */
export function createRedisNode({ open, now, random, onLost }: RedisNodeOptions): RedisNode {
  const circuit = createCircuit({ now, random });
  let connection: Promise<RedisConnection> | undefined;
  let isClosed = false;

  function connect(): Promise<RedisConnection> {
    const opening = open().then((opened) => {
      void opened.ended.then(() => {
        forget(opening);
        if (!isClosed) onLost();
      });
      return opened;
    });
    return opening;
  }

  function forget(lost: Promise<RedisConnection>) {
    if (connection === lost) connection = undefined;
  }

  return {
    circuit,

    async send(commands) {
      const pass = isClosed ? undefined : circuit.enter();
      if (pass === undefined) return undefined;
      connection ??= connect();
      const used = connection;
      try {
        const replies = await (await used).call(commands);
        pass.succeed();
        return replies;
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
    },

    async close() {
      isClosed = true;
      const open = await connection?.catch(() => undefined);
      if (open === undefined) return;
      // Answered after everything sent before it, so no write is cut off.
      await open.call([['QUIT']]).catch(() => {});
      await open.end();
    },
  };
}
