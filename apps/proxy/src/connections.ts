/**
 * The connections to one upstream. Everything above speaks of "an upstream connection that
 * carries attempts"; that it is an undici Pool today is known in this file and `exchange` only.
 */
import { Pool } from 'undici';

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
  /** Cuts everything at once. */
  destroy(): Promise<void>;
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
    connect: { timeout: settings.connectTimeoutMs },
  });
  return {
    settings,
    dispatcher,
    close: () => dispatcher.close(),
    destroy: () => dispatcher.destroy(),
  };
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
