// Lays variables of the environment over a config: the settings that have a variable of their own.

import { coerceText } from './coerce.ts';
import { isPlainObject, type Path } from './path.ts';
import { type Schema, schemasAt } from './schema.ts';
import type { Environment } from './substitute.ts';

/** A setting that has a variable of its own, and whether that variable decided its value. */
export interface Binding {
  readonly path: Path;
  readonly name: string;
  readonly isSet: boolean;
}

/**
 * Writes the variables `names` gives (dotted path of a setting → variable) into `input`, which is
 * changed in place; objects on the way are made. An empty variable counts as unset. A path that
 * runs into something other than an object is left for validation to refuse.
 */
export function overlay(
  input: Record<string, unknown>,
  schema: Schema,
  names: Readonly<Record<string, string>>,
  env: Environment,
): Binding[] {
  return Object.entries(names).map(([dotted, name]) => {
    const path = dotted.split('.');
    const text = Object.hasOwn(env, name) ? (env[name] ?? '') : '';
    const isSet = text !== '' && put(input, path, coerceText(text, schemasAt(schema, path)));
    return { path, name, isSet };
  });
}

function put(object: Record<string, unknown>, path: readonly string[], value: unknown): boolean {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    object[key] = value;
    return true;
  }
  const inside = Object.hasOwn(object, key) ? object[key] : undefined;
  if (inside === undefined) object[key] = {};
  const next = object[key];
  return isPlainObject(next) && put(next, rest, value);
}
