/** A pool over connections that are only counted, with a clock that moves when it is told to. */
import { Pool, type PoolFailure, type PoolLimits, type PoolMember } from './pool.ts';

/** What the pool under test opens. */
export class FakeMember implements PoolMember {
  readonly id: number;
  isUsable = true;
  isAlive = true;
  checks = 0;
  closes = 0;
  readonly #onEnd: (member: FakeMember) => void;

  constructor(id: number, onEnd: (member: FakeMember) => void) {
    this.id = id;
    this.#onEnd = onEnd;
  }

  async check(): Promise<void> {
    this.checks++;
    if (!this.isAlive) throw new Error('no sign of life');
  }

  async close(): Promise<void> {
    this.isUsable = false;
    this.closes++;
  }

  destroy(): void {
    void this.close();
  }

  /** Its server goes away, and that is noticed. */
  end(): void {
    this.isUsable = false;
    this.#onEnd(this);
  }
}

/** One who asked for a connection. */
export interface Asker {
  readonly number: number;
  member: FakeMember | undefined;
  failure: PoolFailure | undefined;
  leave(): void;
}

const LIMITS: PoolLimits = {
  poolSize: 2,
  maxOverflow: 1,
  poolTimeoutMs: 100,
  poolRecycleMs: 10_000,
  checkAfterIdleMs: 1_000,
};

/** A pool with everything around it in the hands of the test. */
export class PoolBench {
  readonly pool: Pool<FakeMember>;
  readonly opened: FakeMember[] = [];
  /** The askers in the order in which they were served. */
  readonly served: Asker[] = [];
  openError: Error | undefined;
  nowMs = 0;
  #askers = 0;
  #timers: { atMs: number; act: () => void }[] = [];

  constructor(limits: Partial<PoolLimits> = {}) {
    this.pool = new Pool({
      ...LIMITS,
      ...limits,
      open: async (onEnd) => {
        await Promise.resolve();
        if (this.openError) throw this.openError;
        const member = new FakeMember(this.opened.length + 1, onEnd);
        this.opened.push(member);
        return member;
      },
      now: () => this.nowMs,
      after: (delayMs, act) => {
        const timer = { atMs: this.nowMs + delayMs, act };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((one) => one !== timer);
        };
      },
    });
  }

  /** Asks as the database does: at once when that is possible, in the queue otherwise. */
  ask(): Asker {
    this.#askers++;
    const asker: Asker = {
      number: this.#askers,
      member: this.pool.take(),
      failure: undefined,
      leave() {},
    };
    if (asker.member) {
      this.served.push(asker);
      return asker;
    }
    const leave = this.pool.enqueue({
      take: (member) => {
        asker.member = member;
        this.served.push(asker);
      },
      fail: (failure) => {
        asker.failure = failure;
      },
    });
    return Object.assign(asker, { leave });
  }

  /** Asks, and waits until that has been answered without the clock moving. */
  async borrow(): Promise<FakeMember> {
    const asker = this.ask();
    await this.settle();
    if (!asker.member) throw new Error(`nothing to borrow: ${JSON.stringify(this.pool.status)}`);
    return asker.member;
  }

  /** Lets everything happen that takes no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }

  async advance(durationMs: number): Promise<void> {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (!next || next.atMs > endMs) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.act();
      await this.settle();
    }
    this.nowMs = endMs;
    await this.settle();
  }

  get timers(): number {
    return this.#timers.length;
  }
}
