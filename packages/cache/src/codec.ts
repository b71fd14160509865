// How a store that keeps bytes turns values into them.

/** Turns values into bytes and back. What `encode` cannot carry it refuses by throwing. */
export interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

const encoder = new TextEncoder();
// Bytes that are not UTF-8 were not written by this codec: better refused than guessed at.
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Values that JSON can carry, as JSON in UTF-8. */
export const jsonCodec: Codec = {
  encode(value) {
    const json: string | undefined = JSON.stringify(value);
    if (json === undefined)
      throw new TypeError(`JSON cannot carry a value of type ${typeof value}`);
    return encoder.encode(json);
  },
  decode: (bytes) => JSON.parse(decoder.decode(bytes)),
};

/** Bytes, as they are. */
export const bytesCodec: Codec = {
  encode(value) {
    if (value instanceof Uint8Array) return value;
    throw new TypeError(
      `the codec for bytes carries a Uint8Array, not a value of type ${typeof value}`,
    );
  },
  decode: (bytes) => bytes,
};
