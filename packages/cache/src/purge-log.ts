/**
 * Purges that every process hears of: one log in Redis, which each process follows on a connection
 * of its own.
 *
 * A value in Redis says how far its writer knew the log when the work on it began (its stamp); who
 * reads it compares it with the purges that stand later in the log. Nothing is searched when a purge
 * comes, and what a slow loader writes after a purge is dead on arrival, whoever reads it. Why this
 * holds:
 *
 * - **In step.** Values are found only while the log is followed: from the moment all of it has been
 *   read until the connection is lost, or its server silent: it has half a second and one timeout to
 *   say at least that nothing has been purged. So what one process purges, another no longer serves after one read of the log, and one
 *   that was cut off serves nothing from Redis before it has read what it missed.
 * - **Told first.** What was missed is told to the listeners (the tiers above) before anything is
 *   found in Redis again. When the log cannot say what was missed, they are told `all`: a gap in its
 *   numbers (trimmed or evicted beyond where we were) or another epoch (flushed, restarted empty,
 *   replaced after a fork).
 * - **Forks.** Replication is asynchronous, so a failover, like a restart from an old file, can lose
 *   the end of the log and let others write another one in its place. Whoever joins shows the last
 *   entry it knows of, its own included; if the log lacks it or has another there, the log is replaced
 *   by one with a new epoch. That makes everybody forget everything, lost purges included, and kills
 *   values whose stamps speak of the lost end. It takes one living process that knew it. There is
 *   nothing left to repeat: a purge that was answered is in the log or the log is replaced.
 * - **Out of reach.** A purge that cannot be written counts here at once, is kept, and is written
 *   first thing when the log is joined again, before anything is read from Redis. Beyond a thousand
 *   they become one `all`. They are lost only with the process.
 * - **Order here.** Own purges count from the call on for every later `get`. Reads under way are let
 *   finish before a purge is written, so they are answered as of their time; work that begins after
 *   a purge is not killed by it, even when it is not yet written, because its own place in the log is
 *   known to lie before that work.
 *
 * The log's server is looked for anew at each join, and whenever the store loses its connection to it
 * the log is in doubt and joined again, so that values and log come from the same server.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Purge } from './purge-index.ts';
import {
  appendCommand,
  headCommand,
  joinCommand,
  logKeys,
  readEntries,
  readHead,
  type Stamp,
} from './purge-log-entry.ts';
import { createPurgeLogView, type OwnPurge } from './purge-log-view.ts';
import type { RedisConnection, Reply } from './redis-connection.ts';
import type { RedisLink } from './redis-link.ts';

/** See {@link followPurgeLog}. */
export interface PurgeLog {
  /** Whether all purges are known that others have been told are done. */
  readonly isInStep: boolean;
  /** Why it last was not. */
  readonly lastError: Error | undefined;
  /** How many purges this process has made; to be noted when a read begins. */
  readonly ownCount: number;
  /** See `Store.mark`. */
  mark(): number;
  /** What must settle before `stampAt(mark)` can be asked: own purges on their way. */
  settling(mark: number): Promise<unknown> | undefined;
  /** What to write on a value whose work began at `mark`; undefined: do not keep it. */
  stampAt(mark: number): Stamp | undefined;
  /** Was a value with this stamp purged? `ownCount` is from when it was asked for. */
  isPurged(key: string, tags: readonly string[], stamp: Stamp, ownCount: number): boolean;
  /**
   * Purges here at once, and everywhere as soon as it is in the log.
   * @param earlier what must have been answered before it is written
   */
  purge(purge: Purge, earlier: Promise<unknown>): Promise<'done' | 'queued'>;
  /** Tells of purges by others. @returns stops telling */
  onPurge(listener: (purge: Purge) => void): () => void;
  /** Stops following, at once. Purges not yet written are lost. */
  close(): Promise<void>;
}

/** Settings of {@link followPurgeLog}. */
export interface PurgeLogOptions {
  readonly link: RedisLink;
  /** Of all keys of the store; each prefix has a log of its own. */
  readonly prefix: string;
  /** Uniform in [0, 1), spreads attempts to come back. */
  readonly random: () => number;
}

/** How long Redis lets us wait for the next purge. Also bounds how long a dead line goes unnoticed. */
const BLOCK_MS = 500;
const READ_COUNT = 1_000;
const MAX_UNWRITTEN = 1_000;
const FIRST_BACK_OFF_MS = 50;
const MAX_BACK_OFF_MS = 2_000;

/** Begins to follow the log of `prefix`, and does so until `close`, whatever happens to Redis. */
export function followPurgeLog({ link, prefix, random }: PurgeLogOptions): PurgeLog {
  const keys = logKeys(prefix);
  const listeners = new Set<(purge: Purge) => void>();
  const view = createPurgeLogView(randomId(), (purge) => {
    for (const listener of listeners) listener(purge);
  });
  const closing = new AbortController();
  const writing = new Map<number, Promise<unknown>>();
  let unwritten: OwnPurge[] = [];
  let connection: RedisConnection | undefined;
  let isInStep = false;
  /** Why what has been read, or is being read, from the present connection is worth nothing. */
  let doubt: Error | undefined;
  let lastError: Error | undefined;
  let failuresInARow = 0;
  /** Settles when the present attempt to get in step has succeeded or failed. */
  let attempt = Promise.withResolvers<void>();

  function fallOut(error: unknown) {
    isInStep = false;
    // Ending the connection fails what waits on it; that is no reason of its own.
    doubt ??= error instanceof Error ? error : new Error(String(error));
    lastError = doubt;
    void connection?.end();
  }

  const appending = ({ purge, by }: OwnPurge) => appendCommand(keys, purge, by, randomEpoch());

  function placed(own: OwnPurge, reply: Reply | undefined): boolean {
    const stamp = readHead(reply);
    if (stamp === undefined) throw new Error('the purge was not written: Redis is left alone');
    return view.written(own, stamp);
  }

  async function write(own: OwnPurge): Promise<boolean> {
    const replies = await link.send(keys.head, [appending(own)]);
    return placed(own, replies?.[0]);
  }

  function keepForLater(own: OwnPurge) {
    unwritten.push(own);
    if (unwritten.length <= MAX_UNWRITTEN) return;
    const all = view.begin({ kind: 'all' });
    for (const each of unwritten) view.drop(each);
    unwritten = [all];
  }

  async function writeKept(joined: RedisConnection) {
    const kept = [...unwritten];
    if (kept.length === 0) return;
    const replies = await joined.call(kept.map(appending));
    const areInOneLog = kept.map((own, index) => placed(own, replies[index]));
    unwritten = unwritten.filter((own) => !kept.includes(own));
    if (areInOneLog.includes(false)) {
      throw new Error('the log of purges was replaced while it was being joined');
    }
  }

  async function join(joined: RedisConnection) {
    const [reply] = await joined.call([joinCommand(keys, view.known, randomEpoch())]);
    const head = readHead(reply);
    if (head === undefined) throw new Error('Redis did not say where the log of purges is');
    let position = view.meet(head);
    await writeKept(joined);
    while (position < head.position) {
      const [range] = await joined.call([
        ['XRANGE', keys.stream, `${position + 1}-0`, `${head.position}-0`, 'COUNT', READ_COUNT],
      ]);
      const entries = readEntries(range);
      for (const entry of entries) view.take(entry);
      position = entries.at(-1)?.position ?? head.position;
    }
    view.caughtUp(head.position);
  }

  /** Waits for entries and takes them. @returns false when the log must be joined anew */
  async function follow(joined: RedisConnection): Promise<boolean> {
    const before = view.readTo;
    const [reply, streams] = await joined.call(
      [
        headCommand(keys),
        ['XREAD', 'COUNT', READ_COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', keys.stream, `${before}-0`],
      ],
      BLOCK_MS,
    );
    const head = readHead(reply);
    const [[, entries = null] = []] = (streams ?? []) as [string, typeof streams][];
    const fresh = readEntries(entries);
    // Entries that the head knows of and Redis made us wait for have been lost, or evicted.
    const isWhole = fresh.length > 0 || head?.position === before;
    if (head?.epoch !== view.known?.epoch || head === undefined || !isWhole) return false;
    for (const entry of fresh) {
      if (entry.position !== view.readTo + 1) return false;
      view.take(entry);
    }
    return true;
  }

  async function followUntilLost() {
    connection = await link.open(keys.head, closing.signal);
    for (;;) {
      do {
        if (doubt !== undefined) throw doubt;
        await join(connection);
      } while (doubt !== undefined || unwritten.length > 0);
      closing.signal.throwIfAborted();
      isInStep = true;
      failuresInARow = 0;
      attempt.resolve();
      while (await follow(connection));
      isInStep = false;
      attempt = Promise.withResolvers();
    }
  }

  async function live() {
    while (!closing.signal.aborted) {
      try {
        await followUntilLost();
      } catch (error) {
        fallOut(error);
      }
      await connection?.end();
      connection = undefined;
      attempt.resolve();
      const backOffMs = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** failuresInARow);
      failuresInARow += 1;
      const { signal } = closing;
      await sleep(backOffMs * (0.5 + random() / 2), undefined, { signal }).catch(() => {});
      attempt = Promise.withResolvers();
      doubt = undefined;
    }
    attempt.resolve();
  }

  link.onLost(keys.head, () =>
    fallOut(new Error('the connection to the server of the log was lost')),
  );
  const living = live();

  return {
    get isInStep() {
      return isInStep;
    },
    get lastError() {
      return lastError;
    },
    get ownCount() {
      return view.ownCount;
    },
    mark: () => view.mark(),
    stampAt: (mark) => view.stampAt(mark),
    isPurged: (key, tags, stamp, ownCount) => view.isPurged(key, tags, stamp, ownCount),

    settling(mark) {
      if (writing.size === 0) return undefined;
      const ownCount = view.ownCountAt(mark);
      const awaited = [...writing].filter(([number]) => number <= ownCount);
      return awaited.length === 0
        ? undefined
        : Promise.allSettled(awaited.map(([, written]) => written));
    },

    purge(purge, earlier) {
      if (closing.signal.aborted) {
        return Promise.reject(new Error('nothing was purged: the store is closed'));
      }
      const own = view.begin(purge);
      const written = (async () => {
        try {
          await earlier;
          if (!isInStep) await attempt.promise;
          if (!isInStep) throw new Error('the log of purges is out of reach');
          if (!(await write(own))) fallOut(new Error('the log of purges was replaced'));
          return 'done';
        } catch (error) {
          if (closing.signal.aborted) throw error;
          keepForLater(own);
          if (isInStep) fallOut(error);
          return 'queued';
        } finally {
          writing.delete(own.number);
        }
      })();
      writing.set(own.number, written);
      return written;
    },

    onPurge(listener) {
      // A listener may be there twice, and each must be able to stop.
      const told = (purge: Purge) => listener(purge);
      listeners.add(told);
      return () => void listeners.delete(told);
    },

    async close() {
      closing.abort(new Error('the store is closed'));
      isInStep = false;
      await connection?.end();
      await living;
    },
  };
}

const randomId = () => randomBytes(9).toString('base64url');
const randomEpoch = () => randomBytes(8).toString('hex');
