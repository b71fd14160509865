// Owns what is known about a primary and its replicas: who is there, who is late, who has seen what.
import type { Queryable } from './queryable.ts';
import { PrimaryHistory } from './replica-lag.ts';
import { Poll } from './replica-poll.ts';
import { positionOf, type WalPosition } from './replica-position.ts';

/** One server, by the name it has in metrics and the log. */
interface WatchedServer {
  readonly name: string;
  /** Runs the watch's own statements; not kept busy by anybody else. */
  readonly database: Queryable;
}

/**
 * Why a replica gets no reads. `unreachable`: it does not answer. `lagging`: it is too far behind.
 * `not a replica`: it was promoted, and what it holds may be another history.
 */
export type ReplicaFault = 'unreachable' | 'lagging' | 'not a replica';

/** What is known about one replica. */
export interface ReplicaState {
  readonly name: string;
  /** Undefined while it may be read from. */
  readonly fault: ReplicaFault | undefined;
  /** Milliseconds; nothing older is missing. Infinity: more than can be told. */
  readonly lagMs: number;
  readonly lagBytes: number;
}

/** What is watched, and from when on a replica is late. */
export interface ReplicaWatchOptions {
  readonly primary: WatchedServer;
  readonly replicas: readonly WatchedServer[];
  readonly maxLagMs: number;
  readonly maxLagBytes: number;
  readonly pollIntervalMs: number;
  /** Told when a replica may be read from no more, or again. */
  onChange(index: number, state: ReplicaState): void;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** A server that says nothing for so many milliseconds is taken for dead. */
const POLL_TIMEOUT_MS = 1_000;

/** How often replicas are asked while somebody waits for one, in milliseconds. */
const URGENT_PAUSE_MS = 2;

// The flushed position counts for lag: what is only in the primary's buffers, no replica can have.
const ASK_PRIMARY = `select pg_is_in_recovery() as is_replica,
  case when pg_is_in_recovery() then null else pg_current_wal_flush_lsn() end::text as flushed`;

const ASK_REPLICA = `select pg_is_in_recovery() as is_replica,
  pg_last_wal_replay_lsn()::text as replayed`;

// A commit that does not wait for the disk is in the buffers only: the place behind all of these.
const ASK_POSITION = 'select pg_current_wal_insert_lsn()::text as position';

interface Replica {
  readonly name: string;
  readonly poll: Poll;
  replayed: bigint;
  state: ReplicaState;
}

interface Waiter {
  readonly position: bigint;
  end(isThere: boolean): void;
}

/** Follows a primary and its replicas from `start` to `stop`. */
export class ReplicaWatch {
  /** Why the primary takes no writes, as far as is known. */
  primaryFault: 'unreachable' | 'not a primary' | undefined;
  readonly #options: ReplicaWatchOptions;
  readonly #now: () => number;
  readonly #history: PrimaryHistory;
  readonly #primary: Poll;
  readonly #replicas: readonly Replica[];
  readonly #waiters = new Set<Waiter>();
  #newestInsert = 0n;

  constructor(options: ReplicaWatchOptions) {
    const { pollIntervalMs } = options;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#history = new PrimaryHistory(options.maxLagMs + 10 * pollIntervalMs);
    const pauseMs = () => pollIntervalMs;
    this.#primary = new Poll({ ask: () => this.#askPrimary(), pauseMs });
    this.#replicas = options.replicas.map(({ name, database }, index) => ({
      name,
      poll: new Poll({
        ask: () => this.#askReplica(index, database),
        pauseMs: () => (this.#waiters.size > 0 ? URGENT_PAUSE_MS : pollIntervalMs),
      }),
      replayed: 0n,
      state: { name, fault: 'unreachable', lagMs: Number.POSITIVE_INFINITY, lagBytes: 0 },
    }));
  }

  get states(): readonly ReplicaState[] {
    return this.#replicas.map(({ state }) => state);
  }

  /** Asks everybody for the first time, and goes on asking. */
  async start(): Promise<void> {
    await this.#primary.ask();
    await Promise.all(this.#replicas.map(({ poll }) => poll.ask()));
  }

  /** Ends all waits without success and asks no more. */
  async stop(): Promise<void> {
    for (const waiter of this.#waiters) waiter.end(false);
    await Promise.all(
      [this.#primary, ...this.#replicas.map(({ poll }) => poll)].map((one) => one.stop()),
    );
  }

  /** A place behind everything committed so far, asked through `database`. Rejects as it does. */
  async position(database: Queryable = this.#options.primary.database): Promise<WalPosition> {
    const row = await database.first<{ position: string }>(ASK_POSITION, [], {
      timeoutMs: POLL_TIMEOUT_MS,
    });
    const position = row?.position ?? '0/0';
    this.#reached(positionOf(position));
    return position;
  }

  /**
   * Whether the primary's log goes as far as `position`, asked for only when it is not known. True
   * when the primary does not answer: then nobody can tell.
   */
  async hasReached(position: bigint): Promise<boolean> {
    if (position <= this.#newestInsert) return true;
    await this.position().catch(() => this.#reached(position));
    return position <= this.#newestInsert;
  }

  /** Whether the replica is known to have replayed `position`. */
  hasReplayed(index: number, position: bigint): boolean {
    return (this.#replicas[index]?.replayed ?? 0n) >= position;
  }

  /** Resolves with true once a replica that may be read from has replayed `position`, with false after `waitMs`. */
  async waitFor(position: bigint, waitMs: number, signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    if (this.#isReadable(position)) return true;
    if (waitMs <= 0 || this.#replicas.every(({ state }) => state.fault !== undefined)) return false;
    return new Promise((resolve, reject) => {
      const over = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        position,
        end(isThere) {
          over();
          resolve(isThere);
        },
      };
      const leave = () => {
        over();
        reject(signal?.reason);
      };
      const timer = setTimeout(() => waiter.end(false), waitMs);
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiters.add(waiter);
      for (const { poll } of this.#replicas) void poll.ask();
    });
  }

  #reached(position: bigint): void {
    if (position > this.#newestInsert) this.#newestInsert = position;
  }

  #isReadable(position: bigint): boolean {
    return this.#replicas.some(({ state, replayed }) => !state.fault && replayed >= position);
  }

  async #askPrimary(): Promise<void> {
    const askedMs = this.#now();
    try {
      const { database } = this.#options.primary;
      const row = await database.first<{ flushed: string | null }>(ASK_PRIMARY, [], {
        timeoutMs: POLL_TIMEOUT_MS,
      });
      this.primaryFault = row?.flushed ? undefined : 'not a primary';
      if (row?.flushed) {
        const flushed = positionOf(row.flushed);
        // After a fail-over the log may go on from an earlier place.
        if (flushed < (this.#history.latest ?? 0n)) this.#newestInsert = flushed;
        this.#history.note(flushed, askedMs);
        this.#reached(flushed);
      }
    } catch {
      this.primaryFault = 'unreachable';
    }
    // A replica that has stopped answering in time is late all the same.
    for (const [index, { state }] of this.#replicas.entries()) {
      if (state.fault === undefined || state.fault === 'lagging') this.#judge(index);
    }
  }

  async #askReplica(index: number, database: Queryable): Promise<void> {
    const replica = this.#replicas[index];
    if (replica === undefined) return;
    try {
      const row = await database.first<{ is_replica: boolean; replayed: string | null }>(
        ASK_REPLICA,
        [],
        { timeoutMs: POLL_TIMEOUT_MS },
      );
      replica.replayed = positionOf(row?.replayed ?? '0/0');
      this.#judge(index, row?.is_replica ? undefined : 'not a replica');
    } catch {
      this.#judge(index, 'unreachable');
    }
    for (const waiter of this.#waiters) if (this.#isReadable(waiter.position)) waiter.end(true);
  }

  #judge(index: number, fault?: ReplicaFault): void {
    const replica = this.#replicas[index];
    if (replica === undefined) return;
    const { maxLagMs, maxLagBytes } = this.#options;
    const lagMs = this.#history.lagMs(replica.replayed, this.#now());
    const lagBytes = this.#history.lagBytes(replica.replayed);
    const isLate = lagMs > maxLagMs || lagBytes > maxLagBytes;
    const wasFault = replica.state.fault;
    const { name } = replica;
    replica.state = { name, fault: fault ?? (isLate ? 'lagging' : undefined), lagMs, lagBytes };
    if (replica.state.fault !== wasFault) this.#options.onChange(index, replica.state);
  }
}
