/** How much of a message the codec takes in before it refuses. */

/** Sizes and counts allowed to one message; whole numbers. */
export interface Limits {
  /** Start line and header lines with their line ends; beyond it 431. */
  readonly headSizeBytes: number;
  /** Header lines, and apart from them trailer lines; beyond it 431. */
  readonly headerCount: number;
  /** Characters of a request target; beyond it 414. */
  readonly targetLength: number;
  /** Chunk extensions of a whole message: they say nothing, and cost as much as a body. */
  readonly chunkExtensionBytes: number;
  /** Trailer lines with their line ends; beyond it 431. */
  readonly trailerSizeBytes: number;
}

/** Roomy for browsers with many cookies, small enough to hold for thousands of slow clients. */
export const DEFAULT_LIMITS: Limits = {
  headSizeBytes: 16_384,
  headerCount: 100,
  targetLength: 8_192,
  chunkExtensionBytes: 4_096,
  trailerSizeBytes: 4_096,
};
