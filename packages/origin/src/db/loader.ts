// Owns batching: single lookups that come in one turn of the event loop become one load.

/** What a loader is made with. */
export interface LoaderOptions<K, V> {
  /**
   * Loads the values of distinct keys, by what `keyOf` makes of each; a key without a value is left
   * out. The signal aborts when every caller has left, so it lasts as long as the most patient one.
   */
  load(
    keys: readonly K[],
    call: { readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<unknown, V>>;
  /** Most keys of one load. Default 500. */
  readonly maxBatch?: number;
  /** Milliseconds a batch waits for more keys. Default: until this turn of the event loop ends. */
  readonly windowMs?: number;
  /**
   * Loads under way at once; keys that come meanwhile wait for one to end and go together. So the
   * more there is to do the larger batches are, and nobody waits while there is little. Default: any
   * number.
   */
  readonly maxLoads?: number;
  /** What makes two keys the same, for keys that are objects. Default: the key itself. */
  readonly keyOf?: (key: K) => unknown;
}

/** How long one caller waits. */
export interface LoadOptions {
  /** Takes the caller out of the batch; the others stay. */
  readonly signal?: AbortSignal | undefined;
}

/** Looks up values by key, many at a time. */
export interface Loader<K, V> {
  /** The value of `key`, or undefined when there is none. Rejects as the load does, or with the signal's reason. */
  load(key: K, options?: LoadOptions): Promise<V | undefined>;
  /** The values of `keys` in their order. Rejects when one of their loads does. */
  loadMany(keys: readonly K[], options?: LoadOptions): Promise<(V | undefined)[]>;
}

/**
 * A loader. Nothing is kept: a lookup shares a load that has not begun yet, never one under way or
 * done, so whoever asks after a write reads what was written. Batches mix the callers of all
 * requests of this process; what `load` does must not depend on who asks.
 */
export function createLoader<K, V>(options: LoaderOptions<K, V>): Loader<K, V> {
  const { maxBatch = 500, maxLoads = Number.POSITIVE_INFINITY, windowMs, keyOf = itself } = options;
  if (!(maxBatch >= 1)) throw new RangeError(`maxBatch is ${maxBatch}; give a number from 1`);
  if (!(maxLoads >= 1)) throw new RangeError(`maxLoads is ${maxLoads}; give a number from 1`);
  /** Those that would have begun but for `maxLoads`. */
  const due: Batch<K, V>[] = [];
  let loads = 0;
  let open: Batch<K, V> | undefined;

  const begin = async (batch: Batch<K, V>) => {
    if (open === batch) open = undefined;
    loads++;
    await batch.run();
    loads--;
    const next = due.shift();
    if (next !== undefined) void begin(next);
  };

  const openBatch = () => {
    const batch = new Batch(options);
    const run = () => {
      if (loads < maxLoads) void begin(batch);
      else due.push(batch);
    };
    // Sockets are read one after another, each with its microtasks; the check phase comes after all.
    if (windowMs === undefined) setImmediate(run);
    else setTimeout(run, windowMs);
    return batch;
  };

  const load = async (key: K, { signal }: LoadOptions = {}) => {
    signal?.throwIfAborted();
    open ??= openBatch();
    const batch = open;
    const value = batch.join(keyOf(key), key, signal);
    if (batch.size >= maxBatch) open = undefined;
    return value;
  };

  return {
    load,
    loadMany: (keys, call) => Promise.all(keys.map((key) => load(key, call))),
  };
}

function itself(key: unknown): unknown {
  return key;
}

interface Entry<K, V> {
  readonly key: K;
  readonly callers: Set<Caller<V>>;
}

interface Caller<V> {
  resolve(value: V | undefined): void;
  reject(reason: unknown): void;
}

/** The keys of one load and who waits for them; over when the last of these has been told. */
class Batch<K, V> {
  readonly #options: LoaderOptions<K, V>;
  readonly #entries = new Map<unknown, Entry<K, V>>();
  readonly #leaving = new AbortController();
  #isRunning = false;

  constructor(options: LoaderOptions<K, V>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  join(id: unknown, key: K, signal: AbortSignal | undefined): Promise<V | undefined> {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { key, callers: new Set() };
      this.#entries.set(id, entry);
    }
    const { callers } = entry;
    return new Promise((resolve, reject) => {
      if (signal === undefined) {
        callers.add({ resolve, reject });
        return;
      }
      const stay = () => signal.removeEventListener('abort', leave);
      const caller: Caller<V> = {
        resolve(value) {
          stay();
          resolve(value);
        },
        reject(reason) {
          stay();
          reject(reason);
        },
      };
      const leave = () => {
        callers.delete(caller);
        if (callers.size === 0) this.#drop(id, signal.reason);
        reject(signal.reason);
      };
      callers.add(caller);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  async run(): Promise<void> {
    if (this.#entries.size === 0) return;
    this.#isRunning = true;
    const { signal } = this.#leaving;
    try {
      const keys = Array.from(this.#entries.values(), ({ key }) => key);
      const values = await this.#options.load(keys, { signal });
      for (const [id, { callers }] of this.#entries) {
        const value = values.get(id);
        for (const caller of callers) caller.resolve(value);
      }
    } catch (error) {
      for (const { callers } of this.#entries.values()) {
        for (const caller of callers) caller.reject(error);
      }
    }
  }

  #drop(id: unknown, reason: unknown): void {
    this.#entries.delete(id);
    // Before it runs, others may still join.
    if (this.#isRunning && this.#entries.size === 0) this.#leaving.abort(reason);
  }
}
