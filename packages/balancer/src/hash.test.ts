import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hash32 } from './hash.ts';

/** The text whose code units have these bytes, low byte first. */
const textOf = (...bytes: number[]) => Buffer.from(bytes).toString('utf16le');

describe('hash32', () => {
  it('is MurmurHash3 of the code units', () => {
    const vectors: readonly [text: string, seed: number, expected: number][] = [
      ['', 0, 0],
      ['', 1, 0x514e_28b7],
      ['', 0xffff_ffff, 0x81f1_6f39],
      [textOf(0xff, 0xff, 0xff, 0xff), 0, 0x7629_3b50],
      [textOf(0x21, 0x43, 0x65, 0x87), 0, 0xf55b_516b],
      [textOf(0x21, 0x43, 0x65, 0x87), 0x5082_edee, 0x2362_f9de],
      [textOf(0x21, 0x43), 0, 0xa0f7_b07a],
      [textOf(0, 0, 0, 0), 0, 0x2362_f9de],
      [textOf(0, 0), 0, 0x30f4_c306],
      [textOf(...Buffer.from('test')), 0, 0xba6b_d213],
      [textOf(...Buffer.from('test')), 0x9747_b28c, 0x704b_81dc],
    ];
    for (const [text, seed, expected] of vectors) {
      assert.equal(hash32(text, seed).toString(16), expected.toString(16), JSON.stringify(text));
    }
  });

  it('property: is a whole number of 32 bits, the same every time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
        fc.integer(),
        (text, seed) => {
          const hash = hash32(text, seed);
          assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32);
          assert.equal(hash32(text, seed), hash);
        },
      ),
    );
  });

  it('spreads keys that are much alike evenly over buckets, by low bits, high bits and seed', () => {
    const buckets = 256;
    const keys = 100_000;
    for (const [seed, bucketOf] of [
      [0, (hash: number) => hash % buckets],
      [0, (hash: number) => hash >>> 24],
      [12_345, (hash: number) => hash % buckets],
    ] as const) {
      const counts = new Array<number>(buckets).fill(0);
      for (let i = 0; i < keys; i++) {
        const bucket = bucketOf(hash32(`http://10.0.${i >> 8}.${i & 255}:8080`, seed));
        counts[bucket] = (counts[bucket] as number) + 1;
      }
      const mean = keys / buckets;
      const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
      // The upper 0.1 % point with 255 degrees of freedom is 330.5.
      assert.ok(chiSquare < 330.5, `chi-square ${chiSquare}`);
    }
  });

  it('changes half of its bits when one bit of the text or the seed changes', () => {
    const rounds = 2_000;
    for (const [what, flip] of [
      ['text', (i: number, bit: number) => hash32(`user-${String.fromCharCode(i ^ (1 << bit))}`)],
      ['seed', (i: number, bit: number) => hash32(`user-${String.fromCharCode(i)}`, 1 << bit)],
    ] as const) {
      for (let bit = 0; bit < 16; bit++) {
        const flips = new Array<number>(32).fill(0);
        for (let i = 0; i < rounds; i++) {
          const changed = flip(i, bit) ^ hash32(`user-${String.fromCharCode(i)}`);
          for (let out = 0; out < 32; out++) {
            flips[out] = (flips[out] as number) + ((changed >>> out) & 1);
          }
        }
        for (const [out, count] of flips.entries()) {
          const share = count / rounds;
          assert.ok(share > 0.44 && share < 0.56, `${what} bit ${bit} flips ${out}: ${share}`);
        }
      }
    }
  });
});
