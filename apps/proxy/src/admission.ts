/**
 * Where the requests of one service wait while all its upstreams are full. How long the queue may
 * be, and who is next, is decided in the balancer.
 */
import {
  type Ask,
  createQueue,
  type Lease,
  type Priority,
  QueueEntry,
  type Random,
  retryAfterSeconds,
  type Service,
} from '@headgate/balancer';

/** Whose place in the queue it is; told once what becomes of it. */
export interface Guest {
  /** What it asks of the policy by now. */
  askAt(nowMs: number): Ask;
  granted(lease: Lease): void;
  /** Refused; better not to come back before this. */
  shed(retryAfterSeconds: number): void;
}

/** One place in the queue. */
export class Waiter extends QueueEntry {
  readonly guest: Guest;

  constructor(priority: Priority, guest: Guest) {
    super(priority);
    this.guest = guest;
  }
}

/** While somebody waits, time alone may make room or use it up: looked at this often. */
const LOOK_MS = 10;

/** The waiting room of one service. */
export class Admission {
  readonly #balancer: Service;
  readonly #now: () => number;
  readonly #random: Random;
  readonly #queue = createQueue<Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #isGranting = false;
  /** Requests shed so far. */
  shed = 0;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(balancer: Service, now: () => number, random: Random) {
    this.#balancer = balancer;
    this.#now = now;
    this.#random = random;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Lets `waiter` wait, or sheds it, or one it is put before. */
  enter(waiter: Waiter): void {
    const { ratePerSecond, excess } = this.#balancer;
    const refused = this.#queue.offer(waiter, this.#now(), ratePerSecond, excess);
    this.#watch();
    if (refused) this.#refuse(refused);
  }

  /** `waiter` has gone. */
  leave(waiter: Waiter): void {
    this.#queue.remove(waiter);
  }

  /** An upstream may have room again. */
  freed(): void {
    if (this.#isGranting || this.#queue.length === 0) return;
    this.#isGranting = true;
    try {
      this.#grant();
    } finally {
      this.#isGranting = false;
    }
  }

  #grant(): void {
    for (;;) {
      const nowMs = this.#now();
      const next = this.#queue.next(nowMs);
      if (!next) return;
      const lease = this.#balancer.acquire(next.guest.askAt(nowMs));
      if (lease === 'full') return;
      this.#queue.remove(next);
      if (lease === 'none') this.#refuse(next);
      else next.guest.granted(lease);
    }
  }

  #watch(): void {
    if (this.#queue.length === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#queue.expire(this.#now(), (waiter) => this.#refuse(waiter));
      this.freed();
      this.#watch();
    }, LOOK_MS);
  }

  #refuse(waiter: Waiter): void {
    this.shed++;
    const { ratePerSecond } = this.#balancer;
    waiter.guest.shed(retryAfterSeconds(this.#queue.length, ratePerSecond, this.#random));
  }
}
