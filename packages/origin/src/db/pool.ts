// Owns who has which connection: at most so many, given out in the order they were asked for.

/** What the pool has to know of a connection. */
export interface PoolMember {
  /** False once it cannot carry statements any more. */
  readonly isUsable: boolean;
  /** Asks the server for a sign of life; rejects when there is none in time. */
  check(): Promise<void>;
  /** Says goodbye and closes it. */
  close(): Promise<void>;
  /** Closes it at once, whatever it is doing. */
  destroy(): void;
}

/** How large a pool is and how long things last; SQLAlchemy's four knobs under their names. */
export interface PoolLimits {
  /** Connections kept open for reuse. */
  readonly poolSize: number;
  /** Connections beyond those, opened when all are in use and closed when they are returned. */
  readonly maxOverflow: number;
  /** Milliseconds to wait for a connection before giving up. */
  readonly poolTimeoutMs: number;
  /** Milliseconds after which a connection is replaced when it is next asked for; Infinity: never. */
  readonly poolRecycleMs: number;
  /** Milliseconds without use after which a connection is checked before it is given out. */
  readonly checkAfterIdleMs: number;
}

/** How a pool stands. */
export interface PoolStatus {
  /** Connections that are open, or being opened. */
  readonly size: number;
  /** The most there may be. */
  readonly maxSize: number;
  /** Given out. */
  readonly inUse: number;
  /** Open beyond `poolSize`. */
  readonly overflow: number;
  /** Requests in the queue. */
  readonly waiting: number;
}

/** Why somebody waited in vain. */
export type PoolFailure =
  | { readonly kind: 'closed' }
  /** No connection is open, and none could be opened. */
  | { readonly kind: 'unreachable'; readonly cause: unknown }
  /** All were in use for too long; `cause` is why no more could be opened, if that was tried. */
  | { readonly kind: 'exhausted'; readonly cause: unknown };

/** Who waits for a connection; told exactly once, never inside `enqueue`. */
export interface PoolWaiter<M> {
  take(member: M): void;
  fail(failure: PoolFailure): void;
}

/** What a pool is made of. */
export interface PoolOptions<M> extends PoolLimits {
  /** Opens a connection; `onEnd` is called when it ends by itself later on. */
  open(onEnd: (member: M) => void): Promise<M>;
  /** Monotonic clock in milliseconds. */
  now(): number;
  /** Calls `act` after so many milliseconds unless the returned function was called before. */
  after(delayMs: number, act: () => void): () => void;
}

interface Facts {
  readonly openedAtMs: number;
  lastUsedMs: number;
  /** The alarm it has shown a sign of life since. */
  alarm: number;
}

interface Waiting<M> {
  readonly waiter: PoolWaiter<M>;
  readonly deadlineMs: number;
}

/** Connections of one database. Last used first, so that surplus ones grow old. */
export class Pool<M extends PoolMember> {
  readonly #options: PoolOptions<M>;
  readonly #members = new Map<M, Facts>();
  readonly #idle: M[] = [];
  readonly #waiting = new Map<PoolWaiter<M>, Waiting<M>>();
  /** Being opened or checked: each will serve a waiter. */
  #preparing = 0;
  #opening = 0;
  #inUse = 0;
  /** Counts ends nobody asked for: after each, the others have to show that they live. */
  #alarm = 0;
  #openError: unknown;
  #cancelTimer: (() => void) | undefined;
  #onQuiet: (() => void) | undefined;
  #isClosed = false;

  constructor(options: PoolOptions<M>) {
    this.#options = options;
  }

  get status(): PoolStatus {
    const { poolSize, maxOverflow } = this.#options;
    const size = this.#members.size + this.#opening;
    return {
      size,
      maxSize: poolSize + maxOverflow,
      inUse: this.#inUse,
      overflow: Math.max(0, size - poolSize),
      waiting: this.#waiting.size,
    };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A connection that can be used at once; undefined when there is none or others are waiting. */
  take(): M | undefined {
    return this.#waiting.size > 0 || this.#isClosed ? undefined : this.#takeIdle();
  }

  /** Puts `waiter` at the end of the queue; the returned function takes it out again. */
  enqueue(waiter: PoolWaiter<M>): () => void {
    const deadlineMs = this.#options.now() + this.#options.poolTimeoutMs;
    this.#waiting.set(waiter, { waiter, deadlineMs });
    if (this.#cancelTimer === undefined) this.#armTimer();
    // Nobody is told before they have the function that lets them leave.
    queueMicrotask(() => {
      if (this.#isClosed) this.#fail(waiter, { kind: 'closed' });
      else this.#serve();
    });
    return () => void this.#leave(waiter);
  }

  /** Takes back what `take` or a waiter was given. */
  release(member: M): void {
    this.#inUse--;
    const facts = this.#members.get(member);
    if (facts !== undefined) this.#keep(member, facts);
    this.#serve();
    this.#tellQuiet();
  }

  /**
   * Lets nobody in any more, fails those who wait, and closes every connection: those in use when
   * they are returned, or after `timeoutMs` at once.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    for (const waiter of [...this.#waiting.keys()]) this.#fail(waiter, { kind: 'closed' });
    const goodbyes = this.#idle.splice(0).map((member) => this.#discard(member));
    if (!this.#isQuiet()) {
      await new Promise<void>((resolve) => {
        const cancel = this.#options.after(timeoutMs, resolve);
        this.#onQuiet = () => {
          cancel();
          resolve();
        };
      });
    }
    for (const member of this.#members.keys()) member.destroy();
    this.#members.clear();
    await Promise.all(goodbyes);
  }

  #takeIdle(): M | undefined {
    for (let member = this.#idle.at(-1); member; member = this.#idle.at(-1)) {
      const facts = this.#members.get(member) as Facts;
      if (this.#isWorn(member, facts)) {
        this.#idle.pop();
        void this.#discard(member);
        continue;
      }
      if (this.#isSuspect(facts)) return undefined;
      this.#idle.pop();
      this.#inUse++;
      return member;
    }
    return undefined;
  }

  #isWorn(member: M, { openedAtMs }: Facts): boolean {
    return !member.isUsable || this.#options.now() - openedAtMs >= this.#options.poolRecycleMs;
  }

  #isSuspect({ lastUsedMs, alarm }: Facts): boolean {
    const idleMs = this.#options.now() - lastUsedMs;
    return alarm < this.#alarm || idleMs >= this.#options.checkAfterIdleMs;
  }

  /** Gives connections to those who wait, first come first served, and prepares what is missing. */
  #serve(): void {
    while (this.#waiting.size > 0) {
      const member = this.#takeIdle();
      if (member) {
        const [waiter] = this.#waiting.keys();
        this.#leave(waiter as PoolWaiter<M>);
        waiter?.take(member);
        continue;
      }
      if (this.#preparing >= this.#waiting.size) return;
      const suspect = this.#idle.pop();
      if (suspect) this.#check(suspect);
      else if (!this.#mayOpen()) return;
      else this.#open();
    }
  }

  #mayOpen(): boolean {
    const { poolSize, maxOverflow } = this.#options;
    return this.#members.size + this.#opening < poolSize + maxOverflow && !this.#isClosed;
  }

  #check(member: M): void {
    this.#preparing++;
    member.check().then(
      () => this.#prepared(member),
      () => {
        this.#preparing--;
        this.#members.delete(member);
        member.destroy();
        this.#alarm++;
        this.#serve();
        this.#tellQuiet();
      },
    );
  }

  #open(): void {
    this.#preparing++;
    this.#opening++;
    this.#options
      .open((member) => this.#ended(member))
      .then(
        (member) => {
          this.#opening--;
          const nowMs = this.#options.now();
          const alarm = this.#alarm;
          this.#members.set(member, { openedAtMs: nowMs, lastUsedMs: nowMs, alarm });
          this.#openError = undefined;
          this.#prepared(member);
        },
        (error: unknown) => {
          this.#opening--;
          this.#preparing--;
          this.#openError = error;
          // Others will be returned; only without any is there nothing to wait for.
          if (this.#members.size === 0) {
            const [waiter] = this.#waiting.keys();
            if (waiter) this.#fail(waiter, { kind: 'unreachable', cause: error });
            this.#serve();
          }
          this.#tellQuiet();
        },
      );
  }

  #prepared(member: M): void {
    this.#preparing--;
    const facts = this.#members.get(member);
    if (facts !== undefined) this.#keep(member, facts);
    this.#serve();
    this.#tellQuiet();
  }

  /** Puts a connection among the idle ones, or closes it when it is old, surplus or dead. */
  #keep(member: M, facts: Facts): void {
    facts.lastUsedMs = this.#options.now();
    facts.alarm = this.#alarm;
    const isSurplus =
      this.#waiting.size === 0 && this.#members.size + this.#opening > this.#options.poolSize;
    if (isSurplus || this.#isClosed || this.#isWorn(member, facts)) void this.#discard(member);
    else this.#idle.push(member);
  }

  #discard(member: M): Promise<void> {
    this.#members.delete(member);
    return member.close();
  }

  /** A connection ended by itself: what ended it may have ended others. */
  #ended(member: M): void {
    if (!this.#members.delete(member)) return;
    this.#alarm++;
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#serve();
  }

  #fail(waiter: PoolWaiter<M>, failure: PoolFailure): void {
    if (this.#leave(waiter)) waiter.fail(failure);
  }

  #leave(waiter: PoolWaiter<M>): boolean {
    const wasWaiting = this.#waiting.delete(waiter);
    if (this.#waiting.size === 0) {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
    }
    return wasWaiting;
  }

  #isQuiet(): boolean {
    return this.#inUse === 0 && this.#preparing === 0;
  }

  #tellQuiet(): void {
    if (this.#onQuiet && this.#isQuiet()) this.#onQuiet();
  }

  /** One timer is enough: all wait equally long, so the first in the queue is the first to leave. */
  #armTimer(): void {
    const [first] = this.#waiting.values();
    this.#cancelTimer = first && this.#options.after(this.#leftMs(first), () => this.#expire());
  }

  #expire(): void {
    for (const entry of this.#waiting.values()) {
      if (this.#leftMs(entry) > 0) break;
      this.#fail(entry.waiter, { kind: 'exhausted', cause: this.#openError });
    }
    this.#armTimer();
  }

  #leftMs({ deadlineMs }: Waiting<M>): number {
    return Math.max(0, deadlineMs - this.#options.now());
  }
}
