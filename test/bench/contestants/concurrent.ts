/** Contestants that are to hold more than one process can, and to say how much they hold. */
import type { Contestant } from './contestant.ts';

export interface ConcurrentContestant extends Contestant {
  /** What it can hold; infinite for one that can have as many processes as it takes. */
  readonly maxInFlight: number;
  readonly maxIdle: number;
  readonly status: StatusPages;
}

/** What it serves on the admin port of its place. */
interface StatusPages {
  /** Answers 200 as soon as all its workers serve. */
  readonly readyPath: string;
  /** Where its own counts are. */
  readonly path: string;
  /** Reads them, NaN for what is not there. */
  readonly read: (text: string) => ProxyCounts;
  /** The same for each worker, where it tells. */
  readonly workers?: {
    readonly path: string;
    readonly read: (text: string) => readonly ProxyCounts[];
  };
}

export interface ProxyCounts {
  /** Requests of clients, the one for the page apart. */
  readonly inFlight: number;
  /** Open connections of clients. */
  readonly connections: number;
}
