// Makes a config immutable all the way down.

import { isPlainObject } from './path.ts';

/** Freezes the lists and plain objects of `value`, in place; instances of classes are left alone. */
export function deepFreeze<T>(value: T, visited: Set<unknown> = new Set()): T {
  if ((Array.isArray(value) || isPlainObject(value)) && !visited.has(value)) {
    visited.add(value);
    for (const entry of Object.values(value)) deepFreeze(entry, visited);
    Object.freeze(value);
  }
  return value;
}
