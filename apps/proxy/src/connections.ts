/**
 * The connections to one upstream. Everything above speaks of "an upstream connection that
 * carries attempts"; that plain HTTP/1.1 carries one at a time is known here and below only.
 */
import { type Limits, ResponseParser } from '@headgate/http1';
import { type Endpoint, tlsNameOf, type UpstreamAddress } from './address.ts';
import { ParserPool } from './parser-pool.ts';
import { Deadline, type TimerWheel } from './timer-wheel.ts';
import {
  type ConnectionOwner,
  ConnectTimeout,
  UpstreamConnection,
  type UpstreamConnectionOptions,
} from './upstream-connection.ts';

export interface ConnectionSettings {
  readonly address: UpstreamAddress;
  readonly connectTimeoutMs: number;
  /** Idle connections are closed after this; must be shorter than the origin's own limit. */
  readonly keepAliveMs: number;
  /** Older ones are not used for another attempt. */
  readonly lifetimeMs: number;
  /** How many may be being opened at a time; what is asked for beyond them waits. */
  readonly maxConnecting: number;
  /** Of the answers. */
  readonly limits: Limits;
}

/** Wants one connection, and is told once: either `connected` or `notConnected`. */
export interface ConnectionTaker {
  connected(connection: UpstreamConnection): void;
  notConnected(reason: 'connect-failed' | 'connect-timeout', error: Error | undefined): void;
}

interface Waiter {
  readonly taker: ConnectionTaker;
  readonly sinceMs: number;
}

/** A pool; idle connections are used last one first, so that those not needed grow old. */
export class Connections implements ConnectionOwner {
  readonly settings: ConnectionSettings;
  readonly timers: TimerWheel;
  readonly #options: UpstreamConnectionOptions;
  readonly #idle: UpstreamConnection[] = [];
  readonly #opening = new Set<UpstreamConnection>();
  readonly #waiting = new Map<ConnectionTaker, Waiter>();
  readonly #patience: Deadline;
  #count = 0;
  #onClosed: (() => void) | undefined;

  /** Opens no connection yet. */
  constructor(settings: ConnectionSettings, timers: TimerWheel) {
    this.settings = settings;
    this.timers = timers;
    this.#patience = new Deadline(() => this.#giveUpWaiting());
    const { address, connectTimeoutMs, limits } = settings;
    const endpoint: Endpoint = address.endpoint;
    const tls = address.isSecure ? { servername: tlsNameOf(address) } : undefined;
    const parsers = new ParserPool(() => new ResponseParser(limits));
    this.#options = { endpoint, tls, connectTimeoutMs, parsers };
  }

  /** Finds `taker` a connection: at once when one is idle, otherwise when one is open or free. */
  take(taker: ConnectionTaker): void {
    const idle = this.#takeIdle();
    if (idle) {
      taker.connected(idle);
      return;
    }
    const nowMs = this.timers.coarseNowMs;
    if (this.#waiting.size === 0) this.timers.set(this.#patience, this.settings.connectTimeoutMs);
    this.#waiting.set(taker, { taker, sinceMs: nowMs });
    this.#openForWaiting(nowMs);
  }

  /** `taker` does not want one any more. */
  forget(taker: ConnectionTaker): void {
    this.#waiting.delete(taker);
  }

  /** One kept connection was found dead: what is as old as that is not trusted either. */
  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** Lets attempts under way finish, then closes. Resolves when nothing is open. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#onClosed = resolve;
      this.dropIdle();
      this.#resolveWhenClosed();
    });
  }

  opened(connection: UpstreamConnection): void {
    this.#opening.delete(connection);
    this.becameFree(connection);
    this.#openForWaiting(this.timers.coarseNowMs);
  }

  openingFailed(connection: UpstreamConnection, error: Error | undefined): void {
    this.#opening.delete(connection);
    this.#count--;
    // Who has waited as long as that hears so from `#giveUpWaiting`, and nobody else.
    if (!(error instanceof ConnectTimeout)) {
      this.#nextWaiting()?.notConnected('connect-failed', error);
    }
    this.#openForWaiting(this.timers.coarseNowMs);
    this.#resolveWhenClosed();
  }

  becameFree(connection: UpstreamConnection): void {
    if (this.#isExpired(connection)) {
      connection.destroy();
      return;
    }
    const waiter = this.#nextWaiting();
    if (waiter) {
      waiter.connected(connection);
    } else if (this.#onClosed) {
      connection.destroy();
    } else {
      this.#idle.push(connection);
      connection.rest(this.settings.keepAliveMs);
    }
  }

  closed(connection: UpstreamConnection): void {
    this.#count--;
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    // It may have been what somebody was waiting for.
    this.#openForWaiting(this.timers.coarseNowMs);
    this.#resolveWhenClosed();
  }

  #takeIdle(): UpstreamConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (!connection) return undefined;
      if (this.#isExpired(connection)) connection.destroy();
      // Between its end and the news of it, a connection is still among the idle ones.
      else if (connection.isOpen) return connection;
    }
  }

  #isExpired(connection: UpstreamConnection): boolean {
    return this.timers.coarseNowMs - connection.openedMs > this.settings.lifetimeMs;
  }

  #openForWaiting(nowMs: number): void {
    const wanted = Math.min(this.#waiting.size, this.settings.maxConnecting);
    while (this.#opening.size < wanted) {
      this.#count++;
      this.#opening.add(new UpstreamConnection(this, this.#options, nowMs));
    }
  }

  #nextWaiting(): ConnectionTaker | undefined {
    for (const taker of this.#waiting.keys()) {
      this.#waiting.delete(taker);
      return taker;
    }
    return undefined;
  }

  #giveUpWaiting(): void {
    const { connectTimeoutMs } = this.settings;
    const nowMs = this.timers.coarseNowMs;
    for (const { taker, sinceMs } of this.#waiting.values()) {
      const leftMs = sinceMs + connectTimeoutMs - nowMs;
      if (leftMs > 0) {
        this.timers.set(this.#patience, leftMs);
        return;
      }
      this.#waiting.delete(taker);
      taker.notConnected('connect-timeout', undefined);
    }
  }

  #resolveWhenClosed(): void {
    if (this.#count > 0 || this.#waiting.size > 0) return;
    this.timers.remove(this.#patience);
    this.#onClosed?.();
  }
}

/** Connections may be carried over a reload when nothing they depend on has changed. */
export function sameSettings(a: ConnectionSettings, b: ConnectionSettings): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
