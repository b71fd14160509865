/** One hash of text for whatever must come out the same on every proxy. Not for secrets. */

/**
 * 32 evenly spread bits of `text`, from 0 to 2³² − 1: MurmurHash3 (A. Appleby, x86, 32 bits) of its
 * UTF-16 code units, low byte first. Another `seed`, a whole number, gives an unrelated hash.
 */
export function hash32(text: string, seed = 0): number {
  const { length } = text;
  const even = length & ~1;
  let hash = seed | 0;
  for (let i = 0; i < even; i += 2) {
    hash ^= scramble(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe654_6b64) | 0;
  }
  if (even < length) hash ^= scramble(text.charCodeAt(even));
  hash ^= length * 2;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e_2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b87_3593);
}
