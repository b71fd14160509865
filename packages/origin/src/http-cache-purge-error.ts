// Owns the words for a purge that has not reached everybody.
import type { PurgeEnd } from './http-cache-purge-queue.ts';

/** A purge that some edges are not known to have taken; those may answer with what they keep. */
export class PurgeError extends Error {
  /** Names of those edges. */
  readonly edges: readonly string[];

  constructor(message: string, edges: readonly string[]) {
    super(message);
    this.name = 'PurgeError';
    this.edges = edges;
  }
}

/** An edge, and what came of the purge there. */
export interface Missing {
  readonly edge: string;
  readonly end: PurgeEnd | 'late';
}

/** The error of who has waited `limitMs` for `missing`. */
export function notPurged(missing: readonly Missing[], limitMs: number): PurgeError {
  const words: Readonly<Record<Missing['end'], string>> = {
    taken: 'has taken it',
    late: `has not taken it within ${limitMs} ms, and is asked again`,
    queued: 'is cut off from its Redis, and passes it on to others when that is back',
    refused: 'refuses it',
    'given-up': 'was asked until it was given up',
  };
  const list = missing.map(({ edge, end }) => `${edge} ${words[end]}`).join('; ');
  return new PurgeError(
    `not purged everywhere: ${list}`,
    missing.map(({ edge }) => edge),
  );
}
