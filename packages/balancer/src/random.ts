/** Where chance comes from: always handed in, so that a decision can be repeated exactly. */

/** A number drawn evenly from [0, 1), such as `Math.random`; tests pass a seeded one. */
export type Random = () => number;
