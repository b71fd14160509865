// Owns the partner's two kinds of chance: numbers that follow from an id, and a seeded sequence.

/** A number in [0, 1) that is the same for the same input in every process (murmur3's finalizer). */
export function hash(id: number, salt: number): number {
  let bits = (id ^ Math.imul(salt, 0x9e3779b1)) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}

/** A sequence of numbers in [0, 1) that depends on nothing but `seed`. */
export function createRandom(seed: number): () => number {
  let count = 0;
  return () => {
    count += 1;
    return hash(count, seed);
  };
}
