/** Passes connections that a worker gives away to the worker that has the fewest. */
import type { SocketHandle } from './listen-sockets.ts';
import type { HandOverNote, ToWorker, WorkerFacts } from './messages.ts';

/** What the desk needs of a worker. */
export interface Taker {
  readonly id: number;
  readonly facts: WorkerFacts;
  send(message: ToWorker, handle?: SocketHandle): void;
}

export interface HandOverDeskOptions<W extends Taker> {
  /** Workers that may be given connections now. */
  readonly takers: () => readonly W[];
  /** Whether there will be one again, when there is none. */
  readonly isTakerExpected: () => boolean;
  /** Takes a connection for which there is no taker here; false when it is of no use. */
  readonly passOn: (handle: SocketHandle, note: HandOverNote) => boolean;
  /** How many connections are kept while there is no taker; more are closed. */
  readonly maxKept: number;
}

interface Connection {
  readonly handle: SocketHandle;
  readonly note: HandOverNote;
  /** How often it was sent and has not arrived. */
  readonly losses: number;
}

/** A worker that has no descriptors left may have some again a moment later. */
const MAX_LOSSES = 3;

/** What a worker was given since it last said how many connections it has. */
interface Given {
  /** In the order they were sent; not acknowledged yet. */
  readonly untaken: Map<number, Connection>;
  taken: number;
  /** It was asked which have arrived, and has not answered yet. */
  isTallying: boolean;
}

/**
 * Nothing is ever read from the connections here. A copy of each stays open until its taker has
 * said that it has it, so that none is lost with a worker that dies before. Lives as long as the
 * supervisor.
 */
export class HandOverDesk<W extends Taker> {
  readonly #options: HandOverDeskOptions<W>;
  readonly #given = new Map<W, Given>();
  #kept: Connection[] = [];
  #lastTake = 0;
  #closed = 0;

  constructor(options: HandOverDeskOptions<W>) {
    this.#options = options;
  }

  /** A worker gives this connection away; it may get it back when it has the fewest. */
  receive(handle: SocketHandle, note: HandOverNote): void {
    this.#dispatch({ handle, note, losses: 0 });
  }

  /** `worker` has the connection of that number now. */
  taken(worker: W, take: number): void {
    const given = this.#given.get(worker);
    const connection = given?.untaken.get(take);
    if (!given || !connection) return;
    given.untaken.delete(take);
    given.taken += 1;
    connection.handle.close();
    this.#lose(given, take);
  }

  /** Asks the workers that have not acknowledged everything what has arrived. */
  tally(): void {
    for (const [worker, given] of this.#given) {
      if (given.isTallying || given.untaken.size === 0) continue;
      given.isTallying = true;
      worker.send({ type: 'tally', take: this.#lastTake });
    }
  }

  /** `worker` has acknowledged, of the connections up to `take`, those that have arrived. */
  tallied(worker: W, take: number): void {
    const given = this.#given.get(worker);
    if (!given) return;
    given.isTallying = false;
    this.#lose(given, take);
  }

  /** The facts of `worker` are new, and count what it has taken. */
  heard(worker: W): void {
    const given = this.#given.get(worker);
    if (given) given.taken = 0;
  }

  /** `worker` has ended; what it had not taken goes to others. */
  gone(worker: W): void {
    const given = this.#given.get(worker);
    this.#given.delete(worker);
    for (const connection of given?.untaken.values() ?? []) this.#dispatch(connection);
  }

  /** The takers have changed: what was kept goes to them, or is closed when none will come. */
  dispatchKept(): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const connection of kept) this.#dispatch(connection);
  }

  /** How many connections were closed since this was last asked, for want of a worker. */
  readClosed(): number {
    const closed = this.#closed;
    this.#closed = 0;
    return closed;
  }

  /** Closes this process's copy of everything. */
  close(): void {
    for (const { untaken } of this.#given.values()) {
      for (const { handle } of untaken.values()) handle.close();
    }
    for (const { handle } of this.#kept) handle.close();
    this.#given.clear();
    this.#kept = [];
  }

  /** Connections that are on their way to a worker. */
  get underWay(): number {
    let count = 0;
    for (const { untaken } of this.#given.values()) count += untaken.size;
    return count;
  }

  /** Connections of `worker` by its last facts, and what it was given since. */
  expectedConnections(worker: W): number {
    const given = this.#given.get(worker);
    return worker.facts.connections + (given ? given.untaken.size + given.taken : 0);
  }

  #dispatch(connection: Connection): void {
    const taker = this.#pick();
    if (taker) this.#give(taker, connection);
    else this.#keep(connection);
  }

  /** They are acknowledged in order: those left out never arrived, for want of descriptors. */
  #lose({ untaken }: Given, take: number): void {
    const lost: Connection[] = [];
    for (const [sent, connection] of untaken) {
      if (sent > take) break;
      untaken.delete(sent);
      lost.push(connection);
    }
    for (const connection of lost) {
      const losses = connection.losses + 1;
      if (losses < MAX_LOSSES) this.#dispatch({ ...connection, losses });
      else this.#close(connection);
    }
  }

  #pick(): W | undefined {
    let best: W | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const worker of this.#options.takers()) {
      const connections = this.expectedConnections(worker);
      if (connections >= fewest) continue;
      fewest = connections;
      best = worker;
    }
    return best;
  }

  #give(taker: W, connection: Connection): void {
    const given = this.#given.get(taker) ?? { untaken: new Map(), taken: 0, isTallying: false };
    this.#given.set(taker, given);
    this.#lastTake += 1;
    given.untaken.set(this.#lastTake, connection);
    taker.send({ type: 'take', take: this.#lastTake, note: connection.note }, connection.handle);
  }

  #keep(connection: Connection): void {
    const { handle, note } = connection;
    if (this.#options.passOn(handle, note)) return;
    if (this.#options.isTakerExpected() && this.#kept.length < this.#options.maxKept) {
      this.#kept.push(connection);
      return;
    }
    this.#close(connection);
  }

  #close({ handle }: Connection): void {
    this.#closed += 1;
    handle.close();
  }
}
