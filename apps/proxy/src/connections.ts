/**
 * The connections to one upstream. Everything above speaks of "an upstream connection that
 * carries attempts"; that it is an undici Pool today is known in this file and `exchange` only.
 */
import { isIP } from 'node:net';
import { buildConnector, Pool } from 'undici';

export interface ConnectionSettings {
  /** Scheme, host and port, no path. */
  readonly origin: string;
  readonly connectTimeoutMs: number;
  /** Idle connections are closed after this; must be shorter than the origin's own limit. */
  readonly keepAliveMs: number;
  /** Largest response head accepted, in bytes. */
  readonly headSizeBytes: number;
}

export interface Connections {
  readonly settings: ConnectionSettings;
  readonly dispatcher: Pool;
  /** Lets attempts under way finish, then closes. */
  close(): Promise<void>;
}

/**
 * Opens no connection yet. The pool has no limit and no queue of its own: how many attempts may
 * be under way is decided once, at admission, where the number is visible.
 */
export function createConnections(settings: ConnectionSettings): Connections {
  const dispatcher = new Pool(settings.origin, {
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: settings.keepAliveMs,
    keepAliveMaxTimeout: settings.keepAliveMs,
    maxHeaderSize: settings.headSizeBytes,
    // Timeouts are given per attempt.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: createConnector(settings),
  });
  return {
    settings,
    dispatcher,
    close: () => dispatcher.close(),
  };
}

/**
 * Opens sockets to the upstream. On TLS the name that is asked for and verified is the upstream's
 * own, never what the client's Host says.
 */
export function createConnector(settings: ConnectionSettings): buildConnector.connector {
  const open = buildConnector({ timeout: settings.connectTimeoutMs, allowH2: false });
  const name = tlsNameOf(new URL(settings.origin));
  return (options, callback) =>
    open(
      name === undefined ? { ...options, servername: '' } : { ...options, servername: name },
      callback,
    );
}

/** The name for SNI; undefined for addresses, which have none (RFC 6066 §3). */
export function tlsNameOf(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? host : undefined;
}

/** Connections may be carried over a reload when nothing they depend on has changed. */
export function sameSettings(a: ConnectionSettings, b: ConnectionSettings): boolean {
  return (
    a.origin === b.origin &&
    a.connectTimeoutMs === b.connectTimeoutMs &&
    a.keepAliveMs === b.keepAliveMs &&
    a.headSizeBytes === b.headSizeBytes
  );
}
