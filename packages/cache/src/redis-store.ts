// The tier that processes share: values in Redis, each with its own time to live, and a log of what
// was purged. A Redis that fails costs one short wait, then nothing until it is back.

import { type Codec, jsonCodec } from './codec.ts';
import { followPurgeLog } from './purge-log.ts';
import { createClusterLink } from './redis-cluster.ts';
import { openRedis } from './redis-connection.ts';
import { decodeFrame, encodeFrame } from './redis-frame.ts';
import { createSingleLink, type RedisLink } from './redis-link.ts';
import { takeRedisLock } from './redis-lock.ts';
import { checkPlace, type RedisPlace } from './redis-place.ts';
import { openSentinelMaster } from './redis-sentinel.ts';
import type { Entry, SharedStore } from './store.ts';

/** Settings of {@link createRedisStore}: where Redis is, and these. */
export type RedisStoreOptions = RedisPlace & {
  /**
   * Put before every key, so that several applications can use one Redis: `shop:`. Stores with the
   * same prefix share values and purges.
   */
  readonly prefix: string;
  /** How values become bytes. Default `jsonCodec`. */
  readonly codec?: Codec;
  /** Longest wait for Redis to be connected, and for each of its replies. Default 100. */
  readonly commandTimeoutMs?: number;
  /** Larger values, encoded, are refused. Default 8 MiB. */
  readonly maxValueBytes?: number;
  /** A clock in milliseconds that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
  /** Uniform in [0, 1), spreads the back-off. Default: `Math.random`. */
  readonly random?: () => number;
};

/** How a {@link RedisStore} gets on with Redis. */
export interface RedisStatus {
  /** A server is left alone after a failure: reads of it find nothing and writes are dropped, at no cost. */
  readonly isOpen: boolean;
  /** All purges made by others are known. While not, nothing is found and nothing is kept. */
  readonly isInStep: boolean;
  /** What went wrong last; kept when all is well again. */
  readonly lastError: Error | undefined;
}

/** A {@link SharedStore} in Redis. */
export interface RedisStore extends SharedStore {
  status(): RedisStatus;
}

const DEFAULT_TIMEOUT_MS = 100;
const DEFAULT_MAX_VALUE_BYTES = 8 * 1024 * 1024;
/** Keys of one `getMany` under way at once: their replies must come within one timeout. */
const MANY = 256;

/**
 * Makes a store in Redis. It connects at once and follows the log of purges until it is closed;
 * nothing is found and nothing kept before the log has been read for the first time (a few
 * milliseconds). A connection that fails, a reply that does not come and a server that cannot serve
 * open the circuit of that server, see `createRedisNode`; a Redis out of reach is looked for at least
 * every two seconds. Purges are never refused: see `purge-log.ts` for what they guarantee.
 *
 * What Redis holds that is not this store's, or damaged, rejects the `get`; so does a value that the
 * codec cannot decode. In Redis are `<prefix>value:<key>`, `<prefix>lock:<key>`,
 * `<prefix>{purges}head` and `<prefix>{purges}log`. The last two have no time to live: give Redis an
 * eviction policy `volatile-…`, or all is forgotten whenever they are evicted. Needs Redis 5.
 * @throws TypeError when the place cannot be one of Redis
 */
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  checkPlace(options);
  const { prefix, codec = jsonCodec, random = Math.random } = options;
  const { maxValueBytes = DEFAULT_MAX_VALUE_BYTES } = options;
  const link = createLink(options);
  const log = followPurgeLog({ link, prefix, random });
  const reading = new Set<Promise<unknown>>();
  /** Settles with all of `reading`; made when a purge needs it, for all purges until the next read. */
  let readsSettled: Promise<unknown> | undefined;
  let isClosed = false;

  function valueKey(key: string): string {
    // In UTF-8 all of the others would be one.
    if (!key.isWellFormed()) throw new TypeError('a key in Redis must be well-formed Unicode text');
    return `${prefix}value:${key}`;
  }

  async function read(key: string): Promise<Entry | undefined> {
    const { ownCount } = log;
    const redisKey = valueKey(key);
    // The life is read before the value: if another process replaces the entry in between, the
    // new value gets the old, shorter life. The other way round a dead value could live on.
    const replies = await link.send(redisKey, [
      ['PTTL', redisKey],
      ['GET', redisKey],
    ]);
    if (replies === undefined || !log.isInStep) return undefined;
    const [ttlMs, bytes] = replies;
    if (typeof ttlMs !== 'number' || ttlMs <= 0 || !Buffer.isBuffer(bytes)) return undefined;
    const { stamp, tags, value } = decoded(key, () => decodeFrame(bytes));
    if (log.isPurged(key, tags, stamp, ownCount)) return undefined;
    return { value: decoded(key, () => codec.decode(ownBytes(value))), ttlMs, tags };
  }

  function get(key: string): Promise<Entry | undefined> {
    const answer = read(key);
    reading.add(answer);
    readsSettled = undefined;
    const settle = () => void reading.delete(answer);
    answer.then(settle, settle);
    return answer;
  }

  return {
    name: 'redis',
    mark: () => log.mark(),

    async get(key, signal) {
      signal?.throwIfAborted();
      return log.isInStep ? get(key) : undefined;
    },

    async getMany(keys, signal) {
      const found: (Entry | undefined)[] = [];
      const failures: unknown[] = [];
      for (let from = 0; from < keys.length; from += MANY) {
        signal?.throwIfAborted();
        if (!log.isInStep) break;
        for (const answer of await Promise.allSettled(keys.slice(from, from + MANY).map(get))) {
          found.push(answer.status === 'fulfilled' ? answer.value : undefined);
          if (answer.status === 'rejected') failures.push(answer.reason);
        }
      }
      // One shard that is down, or one damaged value, does not hide what the others have.
      if (keys.length > 0 && failures.length === keys.length) throw failures[0];
      return keys.map((_, index) => found[index]);
    },

    async set(key, { value, ttlMs, tags }, mark) {
      const bytes = codec.encode(value);
      if (bytes.byteLength > maxValueBytes) {
        throw new RangeError(
          `the value of "${key}" has ${bytes.byteLength} bytes; Redis is given at most ${maxValueBytes} (maxValueBytes)`,
        );
      }
      const settling = log.settling(mark);
      if (settling !== undefined) await settling;
      const stamp = log.isInStep ? log.stampAt(mark) : undefined;
      if (stamp === undefined) return;
      const redisKey = valueKey(key);
      const frame = encodeFrame({ stamp, tags, value: bytes });
      const wholeMs = Math.max(1, Math.round(ttlMs));
      await link.send(redisKey, [['SET', redisKey, frame, 'PX', wholeMs]]);
    },

    purge(purge) {
      if (purge.kind === 'key' && log.isInStep) {
        const redisKey = valueKey(purge.key);
        // Gives back the memory; the log alone makes sure that it is not found.
        link.send(redisKey, [['UNLINK', redisKey]]).catch(() => {});
      }
      readsSettled ??= Promise.allSettled(reading);
      return log.purge(purge, readsSettled);
    },

    onPurge: (listener) => log.onPurge(listener),
    lock: async (key, leaseMs) =>
      isClosed ? undefined : takeRedisLock(link, `${prefix}lock:${key}`, leaseMs),

    status: () => ({
      isOpen: link.circuit.isOpen,
      isInStep: log.isInStep,
      lastError: link.circuit.isOpen
        ? link.circuit.lastError
        : (log.lastError ?? link.circuit.lastError),
    }),

    async close() {
      isClosed = true;
      await Promise.all([log.close(), link.close()]);
    },
  };

  function decoded<T>(key: string, decode: () => T): T {
    try {
      return decode();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `what Redis holds at "${valueKey(key)}" cannot be read (${why}); delete it or change the prefix`,
        { cause },
      );
    }
  }
}

function createLink(options: RedisStoreOptions): RedisLink {
  const { commandTimeoutMs: timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const { now = () => performance.now(), random = Math.random } = options;
  const opening = (signal?: AbortSignal) => ({ timeoutMs, ...(signal && { signal }) });
  const clock = { now, random };
  if ('cluster' in options) {
    const open = (address: Parameters<typeof openRedis>[0], signal?: AbortSignal) =>
      openRedis(address, opening(signal));
    return createClusterLink({ place: options.cluster, open, ...clock });
  }
  if ('sentinel' in options) {
    const { sentinel } = options;
    return createSingleLink((signal) => openSentinelMaster(sentinel, opening(signal)), clock);
  }
  const { url } = options;
  return createSingleLink((signal) => openRedis(url, opening(signal)), clock);
}

/** Copied where it is a small part of what the socket delivered, all of which it would keep alive. */
function ownBytes(value: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = value;
  if (buffer.byteLength > 2 * byteLength) return new Uint8Array(value);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
