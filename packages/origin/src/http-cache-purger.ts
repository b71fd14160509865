// Owns purges as an origin asks for them: told to every edge, waited for a little, never forgotten.
import { createLogger, type Logger, type Registry } from '@headgate/telemetry';
import { notPurged, PurgeError } from './http-cache-purge-error.ts';
import { createPurgeMeters } from './http-cache-purge-meters.ts';
import { PurgeQueue } from './http-cache-purge-queue.ts';
import type { PurgeOrder } from './http-cache-purge-set.ts';
import {
  type EdgeAddress,
  edgeTarget,
  type PurgeableStore,
  type PurgeTarget,
  storeTarget,
} from './http-cache-purge-target.ts';
import { assertTags } from './http-cache-tags.ts';

/** How purges are passed on; times in milliseconds. */
export interface PurgerSettings {
  /** A purge is waited for so long, then goes on in the background. Default 500. */
  readonly waitMs?: number;
  /** Longest time for one request to an edge. Default 2000. */
  readonly attemptTimeoutMs?: number;
  /** An edge is asked again and again for so long. Default 3,600,000, an hour. */
  readonly giveUpAfterMs?: number;
  /** Longest time `close` waits for what is under way. Default 2000. */
  readonly closeTimeoutMs?: number;
  /** Tags, URLs and prefixes that may wait for one edge; with one more all is purged. Default 10,000. */
  readonly maxPending?: number;
  /** Default: JSON lines on standard error. */
  readonly logger?: Logger;
  /** Where purges are counted: `registry` of the origin. At most one purger can have it. */
  readonly registry?: Registry;
  /** A clock that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
  /** Uniform in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
}

/** Purges by asking each edge. */
export interface EdgePurgerOptions extends PurgerSettings {
  /** All that may keep answers of this origin; those behind one Redis tell each other. */
  readonly edges: readonly EdgeAddress[];
}

/** Purges in the store that all edges share, without asking any of them. */
export interface StorePurgerOptions extends PurgerSettings {
  /** A store on the Redis of the edges, with the prefix they have; stays its maker's to close. */
  readonly store: PurgeableStore;
}

/** How one purge is asked for. */
export interface PurgeOptions {
  /** Waits less than the purger would. */
  readonly waitMs?: number;
}

/**
 * Has edges forget what they keep. Every purge resolves when all edges have taken it: from then on
 * they answer with nothing that was made before it was asked for. (A store has it written down
 * then; edges read it there within milliseconds.) When that takes longer than `waitMs` it rejects with a {@link PurgeError} and goes on in the background; an edge that is late
 * for longer than that already is not waited for.
 */
export interface Purger {
  /** Forgets all answers that carry one of `tags`. Rejects with a RangeError for what is no tag. */
  purgeTags(tags: readonly string[], options?: PurgeOptions): Promise<void>;
  /** Forgets all URLs that begin so, such as `http://api.example/items/`, as clients ask for them. */
  purgePrefix(prefix: string, options?: PurgeOptions): Promise<void>;
  /** Forgets everything. */
  purgeAll(options?: PurgeOptions): Promise<void>;
  /** Resolves when nothing waits any more; rejects with a {@link PurgeError} after `limitMs`. */
  flush(limitMs: number): Promise<void>;
  /** Flushes for `closeTimeoutMs`, gives up the rest, and releases every connection. */
  close(): Promise<void>;
}

/** A {@link Purger} that asks edges, who know which answers a URL has. */
export interface EdgePurger extends Purger {
  /** Forgets all variants of one URL, as clients ask for it: `http://api.example/items/7?full`. */
  purgeUrl(url: string, options?: PurgeOptions): Promise<void>;
}

/**
 * Makes a purger; it connects at the first purge. To be closed when the last request is over:
 * `onClosed` of the origin.
 * @throws TypeError for an address that is none, or without any
 */
export function createPurger(options: EdgePurgerOptions): EdgePurger;
export function createPurger(options: StorePurgerOptions): Purger;
export function createPurger(options: EdgePurgerOptions | StorePurgerOptions): EdgePurger {
  const { waitMs = 500, closeTimeoutMs = 2000, maxPending = 10_000 } = options;
  const { attemptTimeoutMs = 2000, giveUpAfterMs = 3_600_000 } = options;
  const { logger = createLogger({ name: 'purger' }), registry } = options;
  const { now = () => performance.now(), random = Math.random } = options;
  const meters = createPurgeMeters(registry);
  const settings = { attemptTimeoutMs, giveUpAfterMs, maxPending, logger, now, random };
  const queues = targetsOf(options).map((target) => {
    const queue = new PurgeQueue(target, { ...settings, ...meters.of(target.name) });
    meters.follow(queue);
    return queue;
  });
  let closing: Promise<void> | undefined;

  async function purge(order: PurgeOrder, { waitMs: mostMs = waitMs }: PurgeOptions = {}) {
    if (closing) throw new Error('the purger is closed; close it when the last request is over');
    const limitMs = Math.min(waitMs, mostMs);
    const asked = queues.map((queue) => {
      const isLate = queue.lateMs > limitMs;
      return { queue, end: queue.add(order), isLate };
    });
    const ends = await within(
      asked.map(({ end, isLate }) => (isLate ? 'late' : end)),
      limitMs,
    );
    const missing = asked
      .map(({ queue }, index) => ({ edge: queue.target.name, end: ends[index] ?? 'late' }))
      .filter(({ end }) => end !== 'taken');
    if (missing.length > 0) throw notPurged(missing, limitMs);
  }

  async function flush(limitMs: number): Promise<void> {
    const busy = queues.filter(({ size }) => size > 0);
    const relax = busy.map((queue) => queue.hurry());
    const done = await within(
      busy.map((queue) => queue.idle().then(() => 'done')),
      limitMs,
    );
    for (const end of relax) end();
    const edges = busy.filter((_, i) => done[i] === 'late').map(({ target }) => target.name);
    if (edges.length === 0) return;
    throw new PurgeError(`purges still wait after ${limitMs} ms, for ${edges.join(', ')}`, edges);
  }

  async function close(): Promise<void> {
    await flush(closeTimeoutMs).catch(() => {});
    const left = queues.filter(({ size }) => size > 0);
    for (const { target, size } of left) {
      logger.error('purges are given up, because the process ends', {
        edge: target.name,
        purges: size,
      });
    }
    for (const queue of queues) queue.stop();
    await Promise.all(queues.map((queue) => queue.idle()));
    await Promise.all(queues.map(({ target }) => target.close()));
  }

  return {
    async purgeTags(tags, options) {
      assertTags(tags);
      if (tags.length > 0) await purge({ tags }, options);
    },
    async purgeUrl(url, options) {
      assertUrl('url', url);
      await purge({ url }, options);
    },
    async purgePrefix(prefix, options) {
      assertUrl('prefix', prefix);
      await purge({ prefix }, options);
    },
    purgeAll: (options) => purge({ all: true }, options),
    flush,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function targetsOf(options: EdgePurgerOptions | StorePurgerOptions): PurgeTarget[] {
  if ('store' in options) return [storeTarget(options.store)];
  if (options.edges.length > 0) return options.edges.map(edgeTarget);
  throw new TypeError('a purger without edges would purge nothing; name at least one');
}

function assertUrl(name: string, text: string): void {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return;
  throw new TypeError(
    `${name} must be absolute, as clients ask for it: http://api.example/items, not ${JSON.stringify(text)}`,
  );
}

/** What came of `promises` within `limitMs`; `late` for those that did not end. */
async function within<T extends string>(
  promises: readonly (T | Promise<T>)[],
  limitMs: number,
): Promise<(T | 'late')[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, limitMs), 'late');
  });
  try {
    return await Promise.all(promises.map((promise) => Promise.race([promise, late])));
  } finally {
    clearTimeout(timer);
  }
}
