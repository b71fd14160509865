// Which of a Redis Cluster's 16,384 slots a key belongs to.

/** Slots of a cluster. */
export const SLOTS = 16_384;

// CRC-16/XMODEM: polynomial 0x1021, nothing reflected, starts at 0.
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  return crc;
});

/**
 * The slot of `key`, from 0. Of a key with a hash tag, `a{tag}b`, only the tag counts when it is not
 * empty (Redis Cluster specification, "Hash tags").
 */
export function slotOf(key: string): number {
  const bytes = Buffer.from(key);
  const open = bytes.indexOf('{');
  const close = open < 0 ? -1 : bytes.indexOf('}', open + 1);
  const hashed = close > open + 1 ? bytes.subarray(open + 1, close) : bytes;
  let crc = 0;
  for (const byte of hashed) crc = ((crc << 8) ^ (TABLE[(crc >> 8) ^ byte] ?? 0)) & 0xffff;
  return crc % SLOTS;
}
