/**
 * Chance that repeats. Every use has a stream of its own, so that the requests and their sizes are
 * the same whatever a policy does: policies are compared on the same draws.
 */
import type { Random } from '@headgate/balancer';

const STEP = 0x9e37_79b9;

/** A stream of numbers in [0, 1): the one that belongs to this use and index under this seed. */
export function createStream(seed: number, use: string, index = 0): Random {
  let state = mix(mix(seed * STEP + use.length * 31 + use.charCodeAt(0)) + Math.imul(index, STEP));
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
