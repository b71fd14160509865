/**
 * How a value lies in Redis: a small head, then the codec's bytes.
 *
 *     0   2  magic, 0xC4 0x48
 *     2   1  version, 1
 *     3   8  epoch of the log of purges
 *     11  8  position in it that the writer knew when the work on the value began, unsigned
 *     19  2  number of tags
 *     21     each tag: 2 bytes length, then UTF-8
 *            the value, to the end
 */
import type { Stamp } from './purge-log-entry.ts';

/** A value with what must be known to tell whether it has been purged. */
export interface Frame {
  readonly stamp: Stamp;
  readonly tags: readonly string[];
  readonly value: Uint8Array;
}

const MAGIC = 0xc448;
const VERSION = 1;
const EPOCH_AT = 3;
const POSITION_AT = 11;
const TAG_COUNT_AT = 19;
const TAGS_AT = 21;
const MAX_UINT16 = 0xffff;

/** @throws RangeError for more than 65,535 tags, or a tag of more than 65,535 bytes */
export function encodeFrame({ stamp, tags, value }: Frame): Buffer {
  const sizes = tags.map((tag) => Buffer.byteLength(tag));
  if (tags.length > MAX_UINT16 || sizes.some((size) => size > MAX_UINT16)) {
    throw new RangeError('an entry in Redis has at most 65,535 tags of at most 65,535 bytes each');
  }
  const valueAt = sizes.reduce((end, size) => end + 2 + size, TAGS_AT);
  const frame = Buffer.allocUnsafe(valueAt + value.byteLength);
  frame.writeUInt16BE(MAGIC, 0);
  frame.writeUInt8(VERSION, 2);
  frame.write(stamp.epoch, EPOCH_AT, 'hex');
  frame.writeBigUInt64BE(BigInt(stamp.position), POSITION_AT);
  frame.writeUInt16BE(tags.length, TAG_COUNT_AT);
  let at = TAGS_AT;
  for (const [index, tag] of tags.entries()) {
    at = frame.writeUInt16BE(sizes[index] ?? 0, at);
    at += frame.write(tag, at);
  }
  frame.set(value, valueAt);
  return frame;
}

/**
 * Takes a frame apart. `value` is a part of `bytes`, not a copy.
 * @throws Error that says in what way `bytes` are none of this store's
 */
export function decodeFrame(bytes: Buffer): Frame {
  if (bytes.length < TAGS_AT || bytes.readUInt16BE(0) !== MAGIC) {
    throw new Error('it was not written by this store');
  }
  const version = bytes.readUInt8(2);
  if (version !== VERSION) throw new Error(`its format is version ${version}, not ${VERSION}`);
  const position = Number(bytes.readBigUInt64BE(POSITION_AT));
  if (!Number.isSafeInteger(position)) throw new Error('its position in the log is damaged');
  const tags: string[] = [];
  let at = TAGS_AT;
  for (let count = bytes.readUInt16BE(TAG_COUNT_AT); count > 0; count--) {
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new Error('it ends within its tags');
    tags.push(bytes.toString('utf8', at + 2, end));
    at = end;
  }
  return {
    stamp: { epoch: bytes.toString('hex', EPOCH_AT, POSITION_AT), position },
    tags,
    value: bytes.subarray(at),
  };
}
