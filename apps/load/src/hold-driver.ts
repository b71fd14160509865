/** Holds: so many requests in flight, or so many connections open, from beginning to end. */
import type { FlowOwner, RunningFlow } from './flows/running-flow.ts';
import type { LoadDriver } from './load-driver.ts';
import type { IdleConnections } from './plain/idle-connections.ts';

export interface HoldDriverOptions {
  /** Requests or connections of this worker. */
  readonly count: number;
  readonly held: { readonly flow: RunningFlow } | { readonly connections: IdleConnections };
  readonly now: () => number;
}

/** A request that has ended is replaced after this pause, or a dead server would be stormed. */
const REPLACE_AFTER_MS = 1_000;

export class HoldDriver implements LoadDriver, FlowOwner {
  readonly #options: HoldDriverOptions;
  readonly #replacing = new Set<NodeJS.Timeout>();
  #isStopped = false;

  constructor(options: HoldDriverOptions) {
    this.#options = options;
  }

  get users(): number {
    return this.#isStopped ? 0 : this.#options.count;
  }

  start(): void {
    const { held, count } = this.#options;
    if ('connections' in held) held.connections.hold(count);
    else for (let i = 0; i < count; i++) this.#begin(held.flow);
  }

  /** What is held stays as it is. */
  scaleFrom(): void {}

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#replacing) clearTimeout(timer);
    this.#replacing.clear();
    const { held } = this.#options;
    if ('connections' in held) held.connections.close();
  }

  flowEnded(): void {
    const { held } = this.#options;
    if (this.#isStopped || 'connections' in held) return;
    const timer = setTimeout(() => {
      this.#replacing.delete(timer);
      this.#begin(held.flow);
    }, REPLACE_AFTER_MS);
    this.#replacing.add(timer);
  }

  #begin(flow: RunningFlow): void {
    flow.begin(this.#options.now(), this, undefined);
  }
}
