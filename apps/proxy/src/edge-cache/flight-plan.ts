/** What a flight is for, and whom it tells how it gets on. */
import type { Failure } from '../errors.ts';
import type { ForwardReason } from './cache-status.ts';
import type { StoredAnswer } from './entry.ts';
import type { Flight } from './flight.ts';
import type { Slot } from './memory.ts';
import type { CachePolicy } from './policy.ts';
import type { Reader } from './reader.ts';

/** Why there is a flight, for those who wait for it. */
export interface FlightPlan {
  readonly slot: Slot;
  readonly policy: CachePolicy;
  /** Of the purges when it began. */
  readonly mark: number;
  readonly why: ForwardReason;
  /** One has failed already, for those who wait for this one. */
  readonly isSecond: boolean;
  /** Nobody has to wait for it. */
  readonly isBehind: boolean;
}

/** What a flight needs of the cache, and what it tells it. */
export interface FlightHost {
  /** Monotonic clock in milliseconds. */
  now(): number;
  /** Wall clock, to read dates by. */
  epochMs(): number;
  /** What is kept from now on will not be read by anybody. */
  readonly isEnding: boolean;
  /** The answer may be kept, and varies by these fields: where others find it from now on. */
  landsAt(flight: Flight, names: readonly string[]): void;
  /** It is complete, and kept. */
  kept(flight: Flight, answer: StoredAnswer): void;
  /** It is to be found no more; under way it goes on for those who read it. */
  gone(flight: Flight): void;
  /** It may not be kept, or is too large: `readers` have to ask for themselves. */
  passes(flight: Flight, readers: readonly Reader[], why: string): void;
  /** There is no answer, or an error that is its leader's alone; `readers` have none. */
  failed(flight: Flight, problem: Failure, readers: readonly Reader[]): void;
  /** What it was to validate is of no use. */
  outdated(flight: Flight): void;
  /** Another variant is what this one wants. */
  again(reader: Reader): void;
  /** Nobody wants the answer any more. */
  cancel(flight: Flight): void;
}
