/** The keys of the second tier, which have to be of a sensible length. */
import { createHash } from 'node:crypto';

const MAX_LENGTH = 1_024;
/** By which a purge of all that begins alike finds it. */
const KEPT_LENGTH = 512;

/** `key` itself, or what begins like it and stands for it. */
export function storeKeyOf(key: string): string {
  if (key.length <= MAX_LENGTH) return key;
  return `${key.slice(0, KEPT_LENGTH)}#${createHash('sha256').update(key).digest('base64url')}`;
}

/** What the keys begin with that stand for keys which begin with `prefix`; others may, too. */
export function storePrefixOf(prefix: string): string {
  return prefix.slice(0, KEPT_LENGTH);
}
