// Owns a primary with its replicas as one database: writes here, reads there.
import type { Logger } from '@headgate/telemetry';
import { createDatabase, type Database, type DatabaseOptions } from './database.ts';
import type { Queryable } from './queryable.ts';
import { meterReplicas } from './replica-metrics.ts';
import { parsePosition, type WalPosition } from './replica-position.ts';
import { type ReadsOptions, ReplicaReads } from './replica-reads.ts';
import { type ReplicaState, ReplicaWatch } from './replica-watch.ts';

/** What a replicated database is made of; what is not named here is as for `createDatabase`. */
export interface ReplicatedDatabaseOptions extends Omit<DatabaseOptions, 'url'> {
  /** Connection string of the primary. */
  readonly primary: string;
  /** Connection strings of its streaming replicas. Each gets a pool like the primary's. */
  readonly replicas: readonly string[];
  /** A replica that lacks something older than so many milliseconds gets no reads. Default 1000. */
  readonly maxLagMs?: number;
  /** A replica that lacks more bytes of log gets no reads. Default 64 MiB. */
  readonly maxLagBytes?: number;
  /** Milliseconds between two looks at each server. Default 200. */
  readonly pollIntervalMs?: number;
  /**
   * Reads at once on the primary while no replica will do; 0: none. Default: as many as its pool
   * has connections.
   */
  readonly maxPrimaryReads?: number;
  /** Told when replicas stop getting reads, and when they get them again. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
}

/** A database whose own statements, transactions and sessions run on the primary. */
export interface ReplicatedDatabase extends Database {
  /**
   * Statements that only read, on the least loaded replica that is not late. One whose replica goes
   * away is run again on another, then on the primary. Throws a TypeError when `after` is no
   * position.
   */
  reads(options?: ReadsOptions): Queryable;
  /** A place behind everything committed so far, for `reads({ after })`. Rejects as `query` does. */
  position(): Promise<WalPosition>;
  /** A position that came from outside, or undefined for what is none or lies ahead of the primary. */
  acceptPosition(text: string | undefined): Promise<WalPosition | undefined>;
  /** What is known about each replica. */
  readonly replicas: readonly ReplicaState[];
  /** Resolves when every server has been looked at once; until then the primary does it all. */
  ready(): Promise<void>;
}

/** A primary and its replicas; looks at them from now on until it is closed. */
export function createReplicatedDatabase(options: ReplicatedDatabaseOptions): ReplicatedDatabase {
  return new Replicated(options);
}

class Replicated implements ReplicatedDatabase {
  readonly name: string;
  readonly query: Database['query'];
  readonly first: Database['first'];
  readonly execute: Database['execute'];
  readonly transaction: Database['transaction'];
  readonly session: Database['session'];
  readonly #primary: Database;
  readonly #all: readonly Database[];
  readonly #watch: ReplicaWatch;
  readonly #reads: ReplicaReads;
  readonly #started: Promise<void>;

  constructor(options: ReplicatedDatabaseOptions) {
    const { name = 'main', replicas, logger, registry, now } = options;
    this.name = name;
    const primary = createDatabase({ ...options, name, url: options.primary });
    const names = replicas.map((url) => `${name}@${new URL(url).host}`);
    const databases = replicas.map((url, i) => createDatabase({ ...options, name: names[i], url }));
    const watched = (server: string, url: string) => ({
      name: server,
      database: watcher(server, url),
    });
    const watchedPrimary = watched(name, options.primary);
    const watchedReplicas = replicas.map((url, i) => watched(names[i] ?? url, url));

    this.#watch = new ReplicaWatch({
      primary: watchedPrimary,
      replicas: watchedReplicas,
      maxLagMs: options.maxLagMs ?? 1_000,
      maxLagBytes: options.maxLagBytes ?? 64 * 1024 * 1024,
      pollIntervalMs: options.pollIntervalMs ?? 200,
      onChange: (index, state) => {
        this.#reads.setReadable(index, state.fault === undefined);
        if (state.fault === undefined) logger?.info('replica gets reads', { replica: state.name });
        else logger?.warn(`replica gets no reads: ${state.fault}`, { replica: state.name });
      },
      ...(now && { now }),
    });
    this.#reads = new ReplicaReads({
      watch: this.#watch,
      primary: { name, database: primary },
      replicas: databases.map((database, i) => ({ name: names[i] ?? database.name, database })),
      maxPrimaryReads: options.maxPrimaryReads ?? primary.status().maxSize,
      onRead: meterReplicas(registry, name, () => this.#watch.states),
      ...(now && { now }),
      ...(options.random && { random: options.random }),
    });
    this.#primary = primary;
    this.#all = [
      primary,
      ...databases,
      watchedPrimary.database,
      ...watchedReplicas.map((one) => one.database),
    ];
    this.query = primary.query.bind(primary);
    this.first = primary.first.bind(primary);
    this.execute = primary.execute.bind(primary);
    this.transaction = primary.transaction.bind(primary);
    this.session = primary.session.bind(primary);
    this.#started = this.#watch.start();
  }

  get replicas(): readonly ReplicaState[] {
    return this.#watch.states;
  }

  reads(options?: ReadsOptions): Queryable {
    return this.#reads.with(options);
  }

  position(): Promise<WalPosition> {
    return this.#watch.position(this.#primary);
  }

  async acceptPosition(text: string | undefined): Promise<WalPosition | undefined> {
    if (text === undefined) return undefined;
    const position = parsePosition(text);
    if (position === undefined || !(await this.#watch.hasReached(position))) return undefined;
    return text;
  }

  ready(): Promise<void> {
    return this.#started;
  }

  status() {
    return this.#primary.status();
  }

  async close(options?: { readonly timeoutMs?: number }): Promise<void> {
    await this.#watch.stop();
    await Promise.all(this.#all.map((database) => database.close(options)));
  }
}

// Looks must not wait for reads, or a busy replica would seem dead.
function watcher(name: string, url: string): Database {
  return createDatabase({
    url,
    name: `${name} watch`,
    pool: { poolSize: 1, maxOverflow: 0, poolTimeoutMs: 1_000 },
    connectTimeoutMs: 1_000,
  });
}
