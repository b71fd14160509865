// Owns where a read goes: the least loaded replica that has seen what it must have, or the primary.
import {
  createPolicy,
  createService,
  createUpstream,
  type Service,
  type Upstream,
} from '@headgate/balancer';
import { DatabaseError } from './errors.ts';
import type { Queryable, QueryOptions, Row, SqlValue } from './queryable.ts';
import { positionOf, type WalPosition } from './replica-position.ts';
import type { ReplicaWatch } from './replica-watch.ts';

/** One place reads can go to. */
interface ReadTarget {
  readonly name: string;
  readonly database: Queryable;
}

/** What reads have to have seen. */
export interface ReadsOptions {
  /** Reads see everything up to here: what `position()` said after a write. Default: as replicas are. */
  readonly after?: WalPosition | undefined;
  /** Milliseconds to wait for a replica to get there before the primary is asked. Default 100. */
  readonly waitMs?: number;
}

/** What reads are shared out over. */
export interface ReplicaReadsOptions {
  readonly watch: ReplicaWatch;
  readonly primary: ReadTarget;
  /** In the order of the watch. */
  readonly replicas: readonly ReadTarget[];
  /** Reads at once on the primary when no replica will do. */
  readonly maxPrimaryReads: number;
  /** Told where each read has gone. */
  onRead(target: string): void;
  readonly now?: () => number;
  readonly random?: () => number;
}

const DEFAULT_WAIT_MS = 100;

/** Shares reads out over replicas. */
export class ReplicaReads {
  readonly #options: ReplicaReadsOptions;
  readonly #now: () => number;
  readonly #upstreams: readonly Upstream[];
  readonly #databases = new Map<Upstream, Queryable>();
  readonly #service: Service;
  #primaryReads = 0;

  constructor(options: ReplicaReadsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#upstreams = options.replicas.map(({ name, database }) => {
      // The pool has the limit; there is none for the balancer to find.
      const upstream = createUpstream({ key: name, maxInFlight: Number.MAX_SAFE_INTEGER });
      upstream.isDisabled = true;
      this.#databases.set(upstream, database);
      return upstream;
    });
    this.#service = createService({
      name: options.primary.name,
      policy: createPolicy('least-connections'),
      upstreams: this.#upstreams,
      random: options.random ?? Math.random,
    });
  }

  /** From now on the replica gets reads, or none. */
  setReadable(index: number, isReadable: boolean): void {
    const upstream = this.#upstreams[index];
    if (upstream === undefined) return;
    // Not a verdict of health: when most look unhealthy that is ignored, and lag must not be.
    upstream.isDisabled = !isReadable;
    this.#service.refresh(this.#now());
  }

  /** Statements that only read, under these terms. Throws a TypeError when `after` is no position. */
  with({ after, waitMs = DEFAULT_WAIT_MS }: ReadsOptions = {}): Queryable {
    const position = after === undefined ? undefined : positionOf(after);
    const read = <T>(options: QueryOptions, run: Run<T>) =>
      this.#read(position, waitMs, options, run);
    return {
      query<T extends Row>(text: string, values?: readonly SqlValue[], options: QueryOptions = {}) {
        return read(options, (database, left) => database.query<T>(text, values, left));
      },
      first<T extends Row>(text: string, values?: readonly SqlValue[], options: QueryOptions = {}) {
        return read(options, (database, left) => database.first<T>(text, values, left));
      },
      execute(text, values, options = {}) {
        return read(options, (database, left) => database.execute(text, values, left));
      },
    };
  }

  async #read<T>(
    position: bigint | undefined,
    waitMs: number,
    options: QueryOptions,
    run: Run<T>,
  ): Promise<T> {
    const { watch, replicas } = this.#options;
    const { signal, timeoutMs } = options;
    const startedMs = this.#now();
    const left = (): QueryOptions =>
      timeoutMs === undefined
        ? options
        : { signal, timeoutMs: Math.max(1, timeoutMs - (this.#now() - startedMs)) };
    const unfit: Upstream[] = [];
    if (position !== undefined) {
      await watch.waitFor(position, Math.min(waitMs, timeoutMs ?? waitMs), signal);
      for (const [index, upstream] of this.#upstreams.entries()) {
        if (!watch.hasReplayed(index, position)) unfit.push(upstream);
      }
    }
    for (let attempt = 0; attempt < replicas.length; attempt++) {
      const lease = this.#service.acquire({
        nowMs: this.#now(),
        tried: unfit,
        isRepeatable: true,
        hash: undefined,
        stickTo: undefined,
      });
      if (typeof lease === 'string') break;
      const { upstream } = lease;
      const database = this.#databases.get(upstream) ?? this.#options.primary.database;
      this.#options.onRead(upstream.key);
      try {
        const result = await run(database, left());
        lease.release('success', this.#now());
        return result;
      } catch (error) {
        const isItsFault = isFaultOfReplica(error);
        lease.release(isItsFault ? 'failure' : 'ignored', this.#now());
        if (!isItsFault || signal?.aborted) throw error;
        unfit.push(upstream);
      }
    }
    return this.#readPrimary(left(), run);
  }

  async #readPrimary<T>(options: QueryOptions, run: Run<T>): Promise<T> {
    const { primary, maxPrimaryReads, onRead } = this.#options;
    if (this.#primaryReads >= maxPrimaryReads) {
      throw new DatabaseError({
        kind: 'unreachable',
        detail: 'no replica of the database can be read from at the moment; try again',
        cause: new Error(
          `${primary.name} has ${maxPrimaryReads} reads already, its maxPrimaryReads`,
        ),
      });
    }
    this.#primaryReads++;
    onRead('primary');
    try {
      return await run(primary.database, options);
    } finally {
      this.#primaryReads--;
    }
  }
}

type Run<T> = (database: Queryable, options: QueryOptions) => Promise<T>;

// What a standby was asked changed nothing, so it may be asked of another; `serialization` is a
// conflict of the read with what the standby had to replay.
function isFaultOfReplica(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.kind === 'unreachable' || error.kind === 'broken' || error.kind === 'serialization';
}
