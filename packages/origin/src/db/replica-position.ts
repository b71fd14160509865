// Owns places in the write-ahead log: what was written up to here, what was replayed up to there.

/**
 * A place in the write-ahead log as PostgreSQL writes it, such as `0/16B3748`. Whoever has one of
 * these from after a commit can ask for reads that have seen it.
 */
export type WalPosition = string;

/** The place as a number of bytes; undefined for what is no place. */
export function parsePosition(text: string): bigint | undefined {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  return match ? (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`) : undefined;
}

/** `parsePosition` of what PostgreSQL or this program has made. Throws a TypeError for anything else. */
export function positionOf(text: string): bigint {
  const position = parsePosition(text);
  if (position !== undefined) return position;
  throw new TypeError(`"${text}" is no place in the write-ahead log; one looks like 0/16B3748`);
}
