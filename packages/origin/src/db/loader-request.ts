// Owns lookups remembered for the length of one request, and no longer.
import { createLoader, type LoaderOptions } from './loader.ts';

/** What a request's lookups live and end with: `c.env.scope` is one. */
export interface LoaderScope {
  readonly signal: AbortSignal;
}

/** The lookups of one request: each key is loaded once, however often it is asked for. */
export interface RequestLoader<K, V> {
  /** The value of `key`, or undefined when there is none. A load that failed is not remembered. */
  load(key: K): Promise<V | undefined>;
  /** The values of `keys` in their order. */
  loadMany(keys: readonly K[]): Promise<(V | undefined)[]>;
  /** Forgets `key`, or all keys: what this request has written is to be read anew. */
  forget(key?: K): void;
}

/**
 * Gives every request a loader of its own, which remembers what it has loaded and is forgotten with
 * the request. Its loads may depend on who asks, since nobody else sees them.
 */
export function createRequestLoader<K, V>(
  options: LoaderOptions<K, V>,
): (scope: LoaderScope) => RequestLoader<K, V> {
  const loaders = new WeakMap<LoaderScope, RequestLoader<K, V>>();
  return (scope) => {
    let loader = loaders.get(scope);
    if (loader === undefined) {
      loader = remembering(options, scope);
      loaders.set(scope, loader);
    }
    return loader;
  };
}

function remembering<K, V>(
  options: LoaderOptions<K, V>,
  { signal }: LoaderScope,
): RequestLoader<K, V> {
  const { keyOf = (key: K): unknown => key } = options;
  const loader = createLoader(options);
  const loaded = new Map<unknown, Promise<V | undefined>>();

  const load = (key: K) => {
    const id = keyOf(key);
    const known = loaded.get(id);
    if (known !== undefined) return known;
    const value = loader.load(key, { signal });
    loaded.set(id, value);
    value.catch(() => {
      if (loaded.get(id) === value) loaded.delete(id);
    });
    return value;
  };

  return {
    load,
    loadMany: (keys) => Promise.all(keys.map(load)),
    forget(key) {
      if (key === undefined) loaded.clear();
      else loaded.delete(keyOf(key));
    },
  };
}
