/** Which workers have which of the supervisor's listening sockets open. */
import type { ListenSocket, ListenSockets } from './listen-sockets.ts';
import type { ListenEndpoint } from './messages.ts';

/** Lives as long as the supervisor; `W` is a worker. */
export class HeldSockets<W> {
  readonly #sockets: ListenSockets;
  readonly #holders = new Map<string, Set<W>>();

  constructor(sockets: ListenSockets) {
    this.#sockets = sockets;
  }

  /** Opens the socket unless it is open. Rejects with a readable message. */
  async open(worker: W, key: string, endpoint: ListenEndpoint): Promise<ListenSocket> {
    // Before the wait, or the socket could be closed meanwhile as nobody's.
    const holders = this.#holders.get(key) ?? new Set();
    this.#holders.set(key, holders.add(worker));
    try {
      return await this.#sockets.open(key, endpoint);
    } catch (error) {
      holders.delete(worker);
      if (holders.size === 0 && !this.#sockets.keys().includes(key)) this.#holders.delete(key);
      throw error;
    }
  }

  release(worker: W, key: string): void {
    this.#holders.get(key)?.delete(worker);
  }

  releaseAll(worker: W): void {
    for (const holders of this.#holders.values()) holders.delete(worker);
  }

  /**
   * Closes the sockets that no worker holds. For when no worker is missing: the sockets of one that
   * died stay, with the connections that wait in them, until its successor takes them up.
   */
  closeUnheld(): void {
    for (const [key, holders] of this.#holders) {
      if (holders.size > 0) continue;
      this.#holders.delete(key);
      this.#sockets.close(key);
    }
  }
}
