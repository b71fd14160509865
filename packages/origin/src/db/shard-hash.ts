// Owns where a key belongs: the one function whose results must never change, since data lies by it.
import { hash } from 'node:crypto';

/** What rows are sharded by, such as a customer's id. `7`, `7n` and `'7'` are the same key. */
export type ShardKey = string | number | bigint;

/** Most virtual shards there can be. */
export const maxVirtualShards = 65_536;

/**
 * The virtual shard of `key`, from 0: the first 32 bits of the SHA-256 of its text in UTF-8, modulo
 * `virtualShards`, a power of two. Throws a TypeError for a number that is no safe integer, and for
 * text PostgreSQL cannot hold.
 */
export function virtualShardOf(key: ShardKey, virtualShards: number): number {
  if (typeof key === 'number' && !Number.isSafeInteger(key)) {
    throw new TypeError(`${key} is no key of a shard; use a whole number, a bigint or text`);
  }
  const text = String(key);
  if (text.includes('\0') || !text.isWellFormed()) {
    throw new TypeError(
      'a key of a shard contains a NUL or half a character; PostgreSQL has no such text',
    );
  }
  return Number.parseInt(hash('sha256', text).slice(0, 8), 16) & (virtualShards - 1);
}

/**
 * The same as an SQL expression over `expression`, a column or parameter, in a database of encoding
 * UTF8. It is immutable, so it can be indexed and generate a column.
 */
export function virtualShardSql(expression: string, virtualShards: number): string {
  // Only the escape format of bytea takes text as it is, and only a backslash is special in it.
  const bytes = `replace((${expression})::text, '\\', '\\\\')::bytea`;
  const bits = `('x' || left(encode(sha256(${bytes}), 'hex'), 8))::bit(32)::int`;
  return `(${bits} & ${virtualShards - 1})`;
}
