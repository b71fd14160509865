/**
 * The deadlines of connections. There are tens of thousands, most are moved long before they are
 * due, and none has to be met to the millisecond: a hashed wheel (Varghese & Lauck, 1987) with
 * one timer for all of them, where moving a deadline further away costs one assignment.
 */

/** Deadlines are met up to three of these late. */
const TICK_MS = 50;
const SLOTS = 512;
const NEVER = Number.POSITIVE_INFINITY;

/** One deadline of one owner, used again and again; at most one time is set on it. */
export class Deadline {
  readonly onDue: () => void;
  /** Written by the wheel only: when it is due, and where it is filed. */
  dueTick = NEVER;
  filedTick = -1;
  next: Deadline | undefined;
  previous: Deadline | undefined;

  constructor(onDue: () => void) {
    this.onDue = onDue;
  }
}

/** All deadlines of one edge. Its timer runs while there are any, and keeps no process alive. */
export class TimerWheel {
  readonly #now: () => number;
  readonly #slots: (Deadline | undefined)[] = new Array(SLOTS).fill(undefined);
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #tick = 0;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Has `deadline` come due in `delayMs` or somewhat later; replaces what was set before. Time that
   * has passed within this turn of the event loop counts, beyond the first 50 ms of it.
   */
  set(deadline: Deadline, delayMs: number): void {
    if (this.#count === 0) this.#tick = this.#currentTick();
    // The wheel may be a tick behind the clock, and the first one is not a whole one.
    const dueTick = this.#tick + Math.ceil(delayMs / TICK_MS) + 2;
    deadline.dueTick = dueTick;
    if (deadline.filedTick >= 0) {
      // Filed too early is found, and filed anew, when its slot comes up.
      if (deadline.filedTick <= dueTick) return;
      this.#unlink(deadline);
    }
    this.#file(deadline);
  }

  /** Nothing comes due any more. Cheap: for deadlines that will be set again. */
  clear(deadline: Deadline): void {
    deadline.dueTick = NEVER;
  }

  /** As `clear`, and lets go of it at once: for owners that are done. */
  remove(deadline: Deadline): void {
    deadline.dueTick = NEVER;
    if (deadline.filedTick >= 0) this.#unlink(deadline);
  }

  /** The time in milliseconds, up to two ticks old; costs nothing. */
  get coarseNowMs(): number {
    if (this.#count === 0) this.#tick = this.#currentTick();
    return this.#tick * TICK_MS;
  }

  #currentTick(): number {
    return Math.floor(this.#now() / TICK_MS);
  }

  #file(deadline: Deadline): void {
    const slot = deadline.dueTick % SLOTS;
    const first = this.#slots[slot];
    deadline.filedTick = deadline.dueTick;
    deadline.next = first;
    if (first) first.previous = deadline;
    this.#slots[slot] = deadline;
    if (this.#count++ === 0) this.#start();
  }

  #unlink(deadline: Deadline): void {
    const { next, previous } = deadline;
    if (previous) previous.next = next;
    else this.#slots[deadline.filedTick % SLOTS] = next;
    if (next) next.previous = previous;
    deadline.next = undefined;
    deadline.previous = undefined;
    deadline.filedTick = -1;
    if (--this.#count === 0) this.#stop();
  }

  #start(): void {
    this.#timer = setInterval(() => this.#advance(), TICK_MS).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #advance(): void {
    const current = this.#currentTick();
    // After a long pause one round finds everything.
    const from = Math.max(this.#tick + 1, current - SLOTS + 1);
    this.#tick = current;
    for (let tick = from; tick <= current; tick++) this.#visit(tick % SLOTS, current);
  }

  #visit(slot: number, current: number): void {
    let due: Deadline[] | undefined;
    let deadline = this.#slots[slot];
    while (deadline) {
      const { next } = deadline;
      if (deadline.dueTick <= current) {
        this.#unlink(deadline);
        if (due) due.push(deadline);
        else due = [deadline];
      } else if (deadline.dueTick === NEVER) {
        this.#unlink(deadline);
      } else if (deadline.dueTick !== deadline.filedTick) {
        this.#unlink(deadline);
        this.#file(deadline);
      }
      deadline = next;
    }
    // Whoever is told may set or remove others: only those still due are.
    for (const one of due ?? []) {
      if (one.dueTick > current) continue;
      one.dueTick = NEVER;
      one.onDue();
    }
  }
}
