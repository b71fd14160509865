/** Where the admin listener is, over reloads that move it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { endpointOf, formatEndpoint } from '../address.ts';
import { type AdminDeps, type AdminListener, startAdmin } from '../admin/listener.ts';
import type { ProxyConfig } from '../config.ts';

/** A predecessor lets go of the address as soon as its successor serves. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 50;

/** A listener that is open beside the one in the slot. */
export interface NextAdmin {
  /** It takes the slot, and the one before closes. */
  keep(): Promise<void>;
  putBack(): Promise<void>;
}

export class AdminSlot {
  readonly #deps: () => AdminDeps;
  #listener: AdminListener | undefined;

  constructor(deps: () => AdminDeps) {
    this.#deps = deps;
  }

  /** As `host:port` or `unix:/path`; undefined while there is none. */
  get address(): string | undefined {
    return this.#listener && formatEndpoint(this.#listener.endpoint);
  }

  /** Opens what `config` says; rejects with a readable message when the address cannot be had. */
  async open(config: ProxyConfig): Promise<void> {
    this.#listener = await this.#start(config);
  }

  /** As `open`, when another process is just about to give the address up. */
  async openInTime(config: ProxyConfig): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!this.#listener) {
      try {
        await this.open(config);
        return;
      } catch (error) {
        if (performance.now() > deadlineMs) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  /** Opens what `after` says, when that is another place. */
  async follow(before: ProxyConfig, after: ProxyConfig): Promise<NextAdmin> {
    if (before.admin?.address === after.admin?.address) return UNMOVED;
    const old = this.#listener;
    const next = await this.#start(after);
    return {
      keep: async () => {
        this.#listener = next;
        await old?.close();
      },
      putBack: async () => next?.close(),
    };
  }

  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  async #start(config: ProxyConfig): Promise<AdminListener | undefined> {
    if (!config.admin) return undefined;
    return startAdmin(endpointOf(config.admin.address), this.#deps());
  }
}

const UNMOVED: NextAdmin = { keep: async () => {}, putBack: async () => {} };
