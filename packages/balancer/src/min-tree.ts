/** A tournament: the least of many keys that change one at a time, with ties drawn by weight. */
import type { Random } from './random.ts';

/** Keys and weights by index, from 0 up to the size it was made with. */
export interface MinTree {
  /** Puts `key` at `index`, in place of the one before. Infinity takes it out; `weight` is > 0. */
  set(index: number, key: number, weight: number): void;
  /**
   * The index of the least key; among equal keys each with a chance in proportion to its weight.
   * Draws one number when there is a tie. -1 when every key is Infinity.
   */
  pick(random: Random): number;
}

/** A tree for indexes below `size`, all of them out. Both calls take O(log size), no allocation. */
export function createMinTree(size: number): MinTree {
  let leaves = 1;
  while (leaves < size) leaves *= 2;
  // Node i has the children 2i and 2i + 1. A node's key is the lesser of its children's, and its
  // weight is that of the leaves below that have this key.
  const keys = new Float64Array(2 * leaves).fill(Number.POSITIVE_INFINITY);
  const weights = new Float64Array(2 * leaves);

  return {
    set(index, key, weight) {
      let node = leaves + index;
      let least = key;
      let tied = weight;
      while (keys[node] !== least || weights[node] !== tied) {
        keys[node] = least;
        weights[node] = tied;
        if (node === 1) return;
        node >>= 1;
        const left = keys[2 * node] as number;
        const right = keys[2 * node + 1] as number;
        least = Math.min(left, right);
        // Added up anew, never adjusted: rounding errors would accumulate.
        tied = 0;
        if (left === least) tied += weights[2 * node] as number;
        if (right === least) tied += weights[2 * node + 1] as number;
      }
    },

    pick(random) {
      if (keys[1] === Number.POSITIVE_INFINITY) return -1;
      let node = 1;
      let point = -1;
      while (node < leaves) {
        node *= 2;
        const left = keys[node] as number;
        const right = keys[node + 1] as number;
        if (right < left) {
          node++;
        } else if (left === right) {
          // The first tie covers all the others: nothing tied hangs anywhere else.
          const leftWeight = weights[node] as number;
          if (point < 0) point = random() * (leftWeight + (weights[node + 1] as number));
          if (point >= leftWeight) {
            point -= leftWeight;
            node++;
          }
        }
      }
      return node - leaves;
    },
  };
}
