/** A clock that jumps from event to event: seconds of traffic in milliseconds of work. */

/** Something that is to happen; set `run` to undefined to call it off. */
export interface Scheduled {
  readonly timeMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Runs what is scheduled in the order of time; what falls together, in the order it was asked for. */
export class Engine {
  nowMs = 0;
  /** Binary heap, the next event first. */
  readonly #heap: Scheduled[] = [];
  #scheduled = 0;

  /** Schedules `run` for `timeMs`, which is now when it has passed already. */
  at(timeMs: number, run: () => void): Scheduled {
    const event = { timeMs: Math.max(timeMs, this.nowMs), order: this.#scheduled++, run };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  /** Runs everything up to `untilMs`, or until nothing is left. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (let next = this.#heap[0]; next && next.timeMs <= untilMs; next = this.#heap[0]) {
      this.#removeFirst();
      if (!next.run) continue;
      this.nowMs = next.timeMs;
      next.run();
    }
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const event = heap[from] as Scheduled;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Scheduled;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const event = heap.pop() as Scheduled;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right && isBefore(right, heap[childAt] as Scheduled)) childAt++;
      const child = heap[childAt] as Scheduled;
      if (!isBefore(child, event)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = event;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
}
