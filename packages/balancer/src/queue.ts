/**
 * Where requests wait when every upstream of a service is full: one short queue, so that nobody
 * waits behind one upstream while another is free. A long queue would only make all answers late;
 * what cannot be served soon is shed at once (B. Maurer, "Fail at Scale", ACM Queue 2015:
 * controlled delay and adaptive LIFO).
 */
import type { Random } from './random.ts';

/** Who is served first and shed last. */
export const priorities = ['high', 'normal', 'low'] as const;

/** One of `priorities`. */
export type Priority = (typeof priorities)[number];

/** One that waits; extend it with what the caller needs to serve or refuse it. */
export class QueueEntry {
  readonly priority: Priority;
  /** Written by the queue only, as is all that follows. */
  enqueuedMs = 0;
  isQueued = false;
  older: QueueEntry | undefined;
  newer: QueueEntry | undefined;

  constructor(priority: Priority) {
    this.priority = priority;
  }
}

/** Input of `createQueue`. */
export interface QueueOptions {
  /** The wait that is tolerated when there has been a queue for some time. Default 50 ms. */
  readonly targetMs?: number;
  /** The wait that is tolerated in a burst. Default 100 ms. */
  readonly burstMs?: number;
  /** After this an entry is given up: the prediction was wrong. Default 200 ms. */
  readonly longestMs?: number;
}

/** The queue of one service; every call costs the same however long it is. */
export interface Queue<Entry extends QueueEntry> {
  readonly length: number;
  /** The clock at which `expire` next has something to shed; Infinity when empty. */
  readonly nextExpiryMs: number;
  /**
   * Lets `entry` wait if its wait, predicted from `ratePerSecond` (requests served per second, 0
   * when unknown), is tolerable; `ahead` is what has to be served before anybody who waits here,
   * because upstreams have more than they may. Returns whom to refuse for it: nobody, `entry` itself, or one of
   * a lower priority that waited and has made room.
   */
  offer(entry: Entry, nowMs: number, ratePerSecond: number, ahead?: number): Entry | undefined;
  /**
   * The next to serve, which stays until it is removed: of the highest priority the oldest, but
   * the newest once the oldest has waited for longer than is tolerated even in a burst. Then not
   * all can be in time, and the newest still can.
   */
  next(nowMs: number): Entry | undefined;
  /** Hands over those whose time in the queue is up, oldest of each priority first. */
  expire(nowMs: number, shed: (entry: Entry) => void): void;
  /** Lets go of one whose client has left; does nothing when it no longer waits. */
  remove(entry: Entry): void;
}

/** So many may wait whatever the rate says: it may be unknown, or that of a quiet minute. */
const LEAST_CAPACITY = 4;

/** Those of one priority, linked by age. */
interface Line {
  oldest: QueueEntry | undefined;
  newest: QueueEntry | undefined;
}

const ranks: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

/** An empty queue. */
export function createQueue<Entry extends QueueEntry>({
  targetMs = 50,
  burstMs = 100,
  longestMs = 200,
}: QueueOptions = {}): Queue<Entry> {
  const lines = priorities.map((): Line => ({ oldest: undefined, newest: undefined }));
  let length = 0;
  /** The clock when an entry last found nobody waiting. */
  let emptyMs = 0;

  const lineOf = (entry: QueueEntry) => lines[ranks[entry.priority]] as Line;

  const isBuiltUp = ({ oldest }: Line, nowMs: number) =>
    oldest !== undefined && nowMs - oldest.enqueuedMs > burstMs;

  const append = (entry: QueueEntry, nowMs: number) => {
    const line = lineOf(entry);
    entry.enqueuedMs = nowMs;
    entry.isQueued = true;
    entry.older = line.newest;
    if (line.newest) line.newest.newer = entry;
    else line.oldest = entry;
    line.newest = entry;
    length++;
  };

  const unlink = (entry: QueueEntry) => {
    const line = lineOf(entry);
    const { older, newer } = entry;
    if (older) older.newer = newer;
    else line.oldest = newer;
    if (newer) newer.older = older;
    else line.newest = older;
    entry.older = undefined;
    entry.newer = undefined;
    entry.isQueued = false;
    length--;
  };

  /** Who would be served last of all, if that one is of a lower priority. */
  const lastBelow = (rank: number, nowMs: number): QueueEntry | undefined => {
    for (let i = lines.length - 1; i > rank; i--) {
      const line = lines[i] as Line;
      if (line.newest) return isBuiltUp(line, nowMs) ? line.oldest : line.newest;
    }
    return undefined;
  };

  const next = (nowMs: number): Entry | undefined => {
    for (const line of lines) {
      if (line.oldest) return (isBuiltUp(line, nowMs) ? line.newest : line.oldest) as Entry;
    }
    return undefined;
  };

  return {
    get length() {
      return length;
    },
    get nextExpiryMs() {
      let oldestMs = Number.POSITIVE_INFINITY;
      for (const { oldest } of lines) {
        if (oldest && oldest.enqueuedMs < oldestMs) oldestMs = oldest.enqueuedMs;
      }
      return oldestMs + longestMs;
    },
    offer(entry, nowMs, ratePerSecond, ahead = 0) {
      if (length === 0) emptyMs = nowMs;
      const budgetMs = nowMs - emptyMs < burstMs ? burstMs : targetMs;
      const waitMs = ((length + ahead) * 1_000) / ratePerSecond;
      if (length < LEAST_CAPACITY || waitMs <= budgetMs) {
        append(entry, nowMs);
        return undefined;
      }
      const last = lastBelow(ranks[entry.priority], nowMs);
      if (!last) return entry;
      unlink(last);
      append(entry, nowMs);
      return last as Entry;
    },
    next,
    expire(nowMs, shed) {
      for (const line of lines) {
        for (
          let entry = line.oldest;
          entry && entry.enqueuedMs + longestMs <= nowMs;
          entry = line.oldest
        ) {
          // First of all it leaves: whoever is told may call any of these.
          unlink(entry);
          shed(entry as Entry);
        }
      }
    },
    remove(entry) {
      if (entry.isQueued) unlink(entry);
    },
  };
}

/** A client is never told to stay away for longer, in seconds. */
const LONGEST_RETRY_AFTER_SECONDS = 30;

/**
 * What to tell a client that is refused, in whole seconds from 1 to 30: not before the queue is
 * worked off, and up to twice that, so that those refused together do not return together.
 */
export function retryAfterSeconds(length: number, ratePerSecond: number, random: Random): number {
  // An unknown rate counts as one per second.
  const seconds = Math.ceil(length / Math.max(ratePerSecond, 1));
  const leastSeconds = Math.min(Math.max(1, seconds), LONGEST_RETRY_AFTER_SECONDS / 2);
  return leastSeconds + Math.floor(random() * (leastSeconds + 1));
}
