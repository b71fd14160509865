/** Where unpredictable bytes come from: always handed in. */

/** `size` random bytes, such as `randomBytes` of `node:crypto`. */
export type RandomBytes = (size: number) => Uint8Array;
