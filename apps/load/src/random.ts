/** Chance that repeats: the same seed gives the same run, whatever the number of workers. */
import type { Random } from './scenario.ts';

const STEP = 0x9e37_79b9;

/** The number in (0, 1) that belongs to this index under this seed. */
export function uniformAt(seed: number, index: number): number {
  const high = Math.floor(index / 2 ** 32);
  return (mix(mix(seed ^ Math.imul(high + 1, STEP)) + Math.imul(index | 0, STEP)) + 0.5) / 2 ** 32;
}

/** A stream of numbers in [0, 1), the one that belongs to this index under this seed. */
export function createRandom(seed: number, index: number): Random {
  let state = Math.floor(uniformAt(seed, index) * 2 ** 32);
  return () => {
    state = (state + STEP) | 0;
    return mix(state) / 2 ** 32;
  };
}

/** Spreads 32 bits over 32 bits (the finaliser of MurmurHash3, A. Appleby). */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
