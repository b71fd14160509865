// Owns the purges of one target: one request at a time, again and again until it has taken them.
import type { Logger } from '@headgate/telemetry';
import { createPurgeSet, type PurgeOrder, type PurgeSet } from './http-cache-purge-set.ts';
import { PurgeRefused, type PurgeTarget } from './http-cache-purge-target.ts';

/** How it ended; `queued`: others hear of it later. The worst of several counts. */
export type PurgeEnd = 'taken' | 'queued' | 'refused' | 'given-up';

/** How long what takes, in milliseconds. */
export interface PurgeQueueSettings {
  /** Longest time for one request. */
  readonly attemptTimeoutMs: number;
  /** Trying ends so long after it began. */
  readonly giveUpAfterMs: number;
  /** Tags, URLs and prefixes that may wait; one more, and everything is purged instead. */
  readonly maxPending: number;
  readonly logger: Logger;
  /** Told how every request ended; `failed` ones are made again. */
  readonly onRequest: (end: Exclude<PurgeEnd, 'given-up'> | 'failed') => void;
  /** Told how many things were given up. */
  readonly onGivenUp: (count: number) => void;
  /** Monotonic clock. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;

/** What is purged together, and what waits for it. */
interface Round {
  readonly purges: PurgeSet;
  readonly end: Promise<PurgeEnd>;
  readonly settle: (end: PurgeEnd) => void;
}

/**
 * What comes while a round is under way makes the next one: a tag may be in both, as what the first
 * has purged may have been fetched again before the second was asked for.
 */
export class PurgeQueue {
  readonly target: PurgeTarget;
  readonly #settings: PurgeQueueSettings;
  #current: Round | undefined;
  #next: Round | undefined;
  /** Since when the request that is to be made next is late. */
  #waitingSinceMs: number | undefined;
  #isFailing = false;
  #isHurried = false;
  #isStopped = false;
  #attempt: AbortController | undefined;
  #wake: (() => void) | undefined;

  constructor(target: PurgeTarget, settings: PurgeQueueSettings) {
    this.target = target;
    this.#settings = settings;
  }

  /** Tags, URLs and prefixes the target has not taken yet. */
  get size(): number {
    return (this.#current?.purges.size ?? 0) + (this.#next?.purges.size ?? 0);
  }

  /** For how many milliseconds the target has taken nothing though it was asked. */
  get lateMs(): number {
    return this.#waitingSinceMs === undefined ? 0 : this.#settings.now() - this.#waitingSinceMs;
  }

  /** Asks for it as soon as possible; resolves when that has ended, one way or the other. */
  add(order: PurgeOrder): Promise<PurgeEnd> {
    this.#next ??= createRound(this.#settings.maxPending);
    const { purges, end } = this.#next;
    const hadOverflowed = purges.hasOverflowed;
    purges.add(order);
    if (purges.hasOverflowed && !hadOverflowed) {
      const { maxPending, logger } = this.#settings;
      const edge = this.target.name;
      logger.warn('too many purges wait, so everything is purged instead', { edge, maxPending });
    }
    if (!this.#current) void this.#run();
    return end;
  }

  /** Tries at once, and with short pauses only; the returned function ends that. */
  hurry(): () => void {
    this.#isHurried = true;
    this.#wake?.();
    return () => {
      this.#isHurried = false;
    };
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#current) await this.#current.end;
  }

  /** Gives up what waits, and ends what is under way. */
  stop(): void {
    this.#isStopped = true;
    this.#attempt?.abort();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (this.#next) {
      const round = this.#next;
      this.#current = round;
      this.#next = undefined;
      const end = await this.#deliver(round.purges);
      this.#waitingSinceMs = undefined;
      if (end === 'given-up') this.#settings.onGivenUp(round.purges.size);
      this.#current = undefined;
      round.settle(end);
    }
  }

  async #deliver(purges: PurgeSet): Promise<PurgeEnd> {
    const { now, giveUpAfterMs, onRequest } = this.#settings;
    const startedMs = now();
    this.#waitingSinceMs = startedMs;
    let end: PurgeEnd = 'taken';
    let failures = 0;
    for (let order = purges.next(); order; order = purges.next()) {
      if (this.#isStopped) return 'given-up';
      const result = await this.#ask(order);
      onRequest(result);
      if (result === 'failed') {
        if (now() - startedMs >= giveUpAfterMs) return this.#giveUp(purges);
        failures += 1;
        await this.#pause(failures);
        continue;
      }
      purges.done(order);
      failures = 0;
      this.#waitingSinceMs = now();
      if (result !== 'taken' && end !== 'refused') end = result;
    }
    return end;
  }

  async #ask(order: PurgeOrder): Promise<'taken' | 'queued' | 'refused' | 'failed'> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { attemptTimeoutMs, logger } = this.#settings;
    const late = new Error(`has not answered within ${attemptTimeoutMs} ms`);
    const timer = setTimeout(() => attempt.abort(late), attemptTimeoutMs);
    const edge = this.target.name;
    try {
      const result = await this.target.take(order, attempt.signal);
      if (this.#isFailing) logger.info('purges are taken again', { edge });
      this.#isFailing = false;
      return result;
    } catch (error) {
      if (error instanceof PurgeRefused) {
        logger.error('a purge was refused, and what it was for stays cached', {
          edge,
          error,
          order,
        });
        return 'refused';
      }
      if (!this.#isFailing && !this.#isStopped) {
        logger.warn('purges are not taken, and are tried again', { edge, error });
      }
      this.#isFailing = true;
      return 'failed';
    } finally {
      clearTimeout(timer);
      this.#attempt = undefined;
    }
  }

  #giveUp({ size }: PurgeSet): PurgeEnd {
    const { logger, giveUpAfterMs } = this.#settings;
    const edge = this.target.name;
    logger.error('purges are given up; what is cached stays until its time is over', {
      edge,
      purges: size,
      giveUpAfterMs,
    });
    return 'given-up';
  }

  /** Twice as long after each failure, and not at the same time as all other processes. */
  #pause(failures: number): Promise<void> {
    const doublings = this.#isHurried ? 0 : failures - 1;
    const longestMs = Math.min(longestPauseMs, firstPauseMs * 2 ** doublings);
    return new Promise((resolve) => {
      if (this.#isStopped) {
        resolve();
        return;
      }
      const timer = setTimeout(over, longestMs * (0.5 + this.#settings.random() / 2));
      const queue = this;
      this.#wake = over;
      function over() {
        clearTimeout(timer);
        queue.#wake = undefined;
        resolve();
      }
    });
  }
}

function createRound(maxPending: number): Round {
  const { promise, resolve } = Promise.withResolvers<PurgeEnd>();
  return { purges: createPurgeSet(maxPending), end: promise, settle: resolve };
}
