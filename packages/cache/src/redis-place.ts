// Where a Redis is: one server, a master that Sentinels know, or a Cluster. Checked when the store is
// made, so that a wrong address fails at the start and not in the middle of traffic.

/** Where Redis is; exactly one of `url`, `sentinel` and `cluster`. */
export type RedisPlace =
  | {
      /** `redis://[user:password@]host:port[/db]`, `rediss://…` for TLS, or a unix socket's path. */
      readonly url: string;
    }
  | { readonly sentinel: SentinelPlace }
  | { readonly cluster: ClusterPlace };

/** A master and its replicas, watched by Sentinels: writes follow a failover. */
export interface SentinelPlace {
  /** What the Sentinels call the master. */
  readonly name: string;
  /** The Sentinels, `redis://host:port` each; `rediss://` for TLS to them and to the master. */
  readonly nodes: readonly string[];
  /** Of the master. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly db?: number;
  /** Of the Sentinels. Default: what their addresses say. */
  readonly sentinelPassword?: string | undefined;
}

/** A Redis Cluster. Its servers must be reachable at the addresses they announce. */
export interface ClusterPlace {
  /** Some of its servers, `redis://[user:password@]host:port` each; the others are found. */
  readonly nodes: readonly string[];
  /** Of every server. Default: what the first address says. */
  readonly password?: string | undefined;
}

/** One server, and how to introduce oneself. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly db?: number;
}

const DEFAULT_PORT = 6379;

/**
 * Checks `place` as far as that is possible without connecting.
 * @throws TypeError that says which field is wrong and what it must look like
 */
export function checkPlace(place: RedisPlace): void {
  if ('url' in place) {
    if (/^(rediss?:\/\/|\/)/.test(place.url)) return;
    throw new TypeError('url of the Redis store must be redis://…, rediss://… or a socket path');
  }
  const kind = 'sentinel' in place ? 'sentinel' : 'cluster';
  const nodes = 'sentinel' in place ? place.sentinel.nodes : place.cluster?.nodes;
  if (!Array.isArray(nodes) || nodes.length === 0) {
    throw new TypeError(
      `${kind}.nodes of the Redis store must name at least one redis://host:port`,
    );
  }
  for (const node of nodes) parseAddress(node);
  if ('sentinel' in place && place.sentinel.name === '') {
    throw new TypeError('sentinel.name of the Redis store must be what Sentinels call the master');
  }
}

/**
 * Reads `redis://[user:password@]host:port` or `rediss://…`.
 * @throws TypeError when `text` is not that
 */
export function parseAddress(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    throw new TypeError(`"${text}" is not an address of Redis: write redis://host:port`);
  }
  return {
    host: decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    isTls: url.protocol === 'rediss:',
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
  };
}
