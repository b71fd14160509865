/** The listeners of one edge, under keys they keep over reloads. */
import type { Socket } from 'node:net';
import type { HandOverNote, ListenEndpoint, SocketHandle } from '@headgate/supervisor';
import { type Endpoint, endpointOf, formatEndpoint } from './address.ts';
import type { EffectiveConfig } from './config.ts';
import { type AcceptedConnection, type Listener, listen } from './listen.ts';

/** Sockets and connections that are shared with other workers. */
export interface SharedSockets {
  /** The socket called `key`; rejects with a readable message when the address cannot be had. */
  listen(
    key: string,
    endpoint: ListenEndpoint,
  ): Promise<{ readonly handle: SocketHandle; readonly endpoint: ListenEndpoint }>;
  unlisten(key: string): void;
  /** Whether this worker has more connections than its share. */
  hasSurplus(): boolean;
  handOver(handle: SocketHandle, note: HandOverNote): void;
}

/** A socket that was accepted, and on what. */
export interface Accepted {
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly socket: Socket;
  readonly listener: Listener;
  /** It has carried requests already, in another worker. */
  readonly isReused: boolean;
}

export interface DrainLimits {
  /** What is still open then is cut. */
  readonly timeoutMs: number;
  /** Other workers are there to go on with connections at rest. */
  readonly mayHandOver: boolean;
}

export class Listeners {
  readonly #listeners = new Map<string, Listener>();
  readonly #sockets: SharedSockets | undefined;
  readonly #accept: (accepted: Accepted) => AcceptedConnection;

  constructor(
    sockets: SharedSockets | undefined,
    accept: (accepted: Accepted) => AcceptedConnection,
  ) {
    this.#sockets = sockets;
    this.#accept = accept;
  }

  get connectionCount(): number {
    let count = 0;
    for (const listener of this.#listeners.values()) count += listener.connectionCount;
    return count;
  }

  /** Where `config`'s listeners accept, in its order; as asked for where they are not open. */
  addresses(config: EffectiveConfig): string[] {
    return listenerKeys(config).map((key) => {
      const listener = this.#listeners.get(key);
      return listener ? formatEndpoint(listener.endpoint) : key;
    });
  }

  /** Opens what `config` names and is not open yet; returns the keys of those, or rejects. */
  async open(config: EffectiveConfig): Promise<string[]> {
    const opened: string[] = [];
    try {
      for (const key of listenerKeys(config)) {
        if (this.#listeners.has(key)) continue;
        this.#listeners.set(key, await this.#openOne(key));
        opened.push(key);
      }
    } catch (error) {
      await this.close(opened, { timeoutMs: 0, mayHandOver: false });
      throw error;
    }
    return opened;
  }

  /** The keys of those that are open and not in `config`. */
  unwanted(config: EffectiveConfig): string[] {
    const wanted = new Set(listenerKeys(config));
    return [...this.#listeners.keys()].filter((key) => !wanted.has(key));
  }

  /** Drains and closes; resolves when the last connection has gone. */
  async close(
    keys: readonly string[],
    { timeoutMs, mayHandOver }: DrainLimits,
    isLeaving = false,
  ): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    const closing = keys.map((key) =>
      this.#listeners.get(key)?.drain(deadline.signal, { mayHandOver }),
    );
    // Those that leave with their process are counted, and may be given connections, to the end.
    if (!isLeaving) {
      for (const key of keys) {
        this.#listeners.delete(key);
        this.#sockets?.unlisten(key);
      }
    }
    await Promise.all(closing);
    clearTimeout(timer);
  }

  /** Drains and closes all of them, for good. */
  closeAll(limits: DrainLimits): Promise<void> {
    return this.close([...this.#listeners.keys()], limits, true);
  }

  /** Hands over connections at rest that are more than this worker's share. */
  giveAway(count: number): void {
    const before = this.connectionCount;
    for (const listener of this.#listeners.values()) {
      const left = count - (before - this.connectionCount);
      if (left > 0) listener.offer(left);
    }
  }

  /** Goes on with a connection of another worker. */
  take(handle: SocketHandle, { listener: key, isReused }: HandOverNote): void {
    const listener = this.#listeners.get(key);
    // Its listener was removed by a reload while it was on its way.
    if (!listener) handle.close();
    else listener.take(handle, isReused);
  }

  async #openOne(key: string): Promise<Listener> {
    const endpoint = endpointOf(key.replace(/ \d+$/, ''));
    const source = await this.#sockets?.listen(key, endpoint);
    return listen(
      endpoint,
      (socket, listener, isReused) => this.#accept({ key, endpoint, socket, listener, isReused }),
      source,
    );
  }
}

/** What a listener is known by over reloads; port 0 may be asked for more than once. */
function listenerKeys(config: EffectiveConfig): string[] {
  const seen = new Map<string, number>();
  return config.listeners.map(({ address }) => {
    const before = seen.get(address) ?? 0;
    seen.set(address, before + 1);
    return before === 0 ? address : `${address} ${before + 1}`;
  });
}
