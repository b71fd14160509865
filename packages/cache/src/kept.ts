// What the cache gives its tiers to keep: a value, and what its freshness is worked out from.

import type { Codec } from './codec.ts';
import type { Entry } from './store.ts';

/**
 * A value with its freshness. It is fresh until the life of its entry is down to `staleMs`: no point
 * in time is kept, so it means the same on machines whose clocks disagree.
 */
export interface Kept {
  /** `undefined`: there is no such thing, and that is what was found out. */
  readonly value?: unknown;
  /** How much of its life comes after it is fresh, in milliseconds. */
  readonly staleMs: number;
  /** How long it took to make, in milliseconds: what it costs to be without it. */
  readonly loadMs: number;
}

/** False for what something else has put into the tier. */
export function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { staleMs, loadMs } = value as Partial<Kept>;
  return typeof staleMs === 'number' && staleMs >= 0 && typeof loadMs === 'number' && loadMs >= 0;
}

/** How much longer the value of an entry is fresh; for how long it has not been when below 0. */
export function freshMsOf(entry: Entry, { staleMs }: Kept): number {
  return entry.ttlMs - staleMs;
}

/** The user's own value in what a tier holds. */
export function ownValue(held: unknown): unknown {
  return isKept(held) ? held.value : held;
}

const HEAD_BYTES = 17;
const WITHOUT_VALUE = 0;
const WITH_VALUE = 1;

/**
 * Makes a codec for what the cache keeps out of one for its values, for tiers whose codec is not
 * `jsonCodec`: `createRedisStore({ codec: cacheCodec(bytesCodec), … })`.
 */
export function cacheCodec(values: Codec): Codec {
  return {
    encode(kept) {
      if (!isKept(kept))
        throw new TypeError('the codec of a cache carries only what a cache keeps');
      const bytes = kept.value === undefined ? new Uint8Array() : values.encode(kept.value);
      const frame = new Uint8Array(HEAD_BYTES + bytes.byteLength);
      const head = new DataView(frame.buffer);
      head.setUint8(0, kept.value === undefined ? WITHOUT_VALUE : WITH_VALUE);
      head.setFloat64(1, kept.staleMs);
      head.setFloat64(9, kept.loadMs);
      frame.set(bytes, HEAD_BYTES);
      return frame;
    },

    decode(bytes): Kept {
      const form = bytes[0];
      if (bytes.byteLength < HEAD_BYTES || (form !== WITHOUT_VALUE && form !== WITH_VALUE)) {
        throw new TypeError('these bytes were not written by the codec of a cache');
      }
      const head = new DataView(bytes.buffer, bytes.byteOffset);
      const times = { staleMs: head.getFloat64(1), loadMs: head.getFloat64(9) };
      if (form === WITHOUT_VALUE) return times;
      return { value: values.decode(bytes.subarray(HEAD_BYTES)), ...times };
    },
  };
}
