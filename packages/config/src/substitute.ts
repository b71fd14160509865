// Replaces ${NAME} and ${NAME:-default} in the strings of a config with values of the environment.

import { isPlainObject, type Path } from './path.ts';
import type { Finding } from './problem.ts';

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What came of a substitution: a copy to validate, and what could not be replaced. */
export interface Substituted {
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

// No config is this deep on purpose, and the limit keeps hostile input from exhausting the stack.
const maxDepth = 100;

/**
 * Copies `value` with every reference in its strings replaced. `${NAME:-default}` uses the default
 * when the variable is unset or empty, as a shell does; `$${` stands for a literal `${`. A string
 * that is one whole reference goes through `convert`, so that `"${WORKERS:-2}"` can be a number.
 */
export function substitute(
  value: unknown,
  env: Environment,
  convert: (text: string, path: Path) => unknown,
): Substituted {
  const findings: Finding[] = [];
  const ancestors = new Set<object>();

  function copy(item: unknown, path: Path): unknown {
    if (typeof item === 'string') return replace(item, path);
    if (!Array.isArray(item) && !isPlainObject(item)) return item;
    const message = ancestors.has(item)
      ? 'contains itself; write it out without a cycle'
      : path.length > maxDepth && `nested more than ${maxDepth} levels deep`;
    if (message) {
      findings.push({ path, message });
      return undefined;
    }
    ancestors.add(item);
    const copied = Array.isArray(item)
      ? Array.from(item, (entry, index) => copy(entry, [...path, index]))
      : Object.fromEntries(Object.entries(item).map(([k, v]) => [k, copy(v, [...path, k])]));
    ancestors.delete(item);
    return copied;
  }

  function replace(text: string, path: Path): unknown {
    const unresolved: string[] = [];
    const replaced = text.replace(/\$\$\{|\$\{[^}]*\}?/g, (reference) => {
      if (reference.startsWith('$$')) return reference.slice(1);
      const { value, message } = resolve(reference, env);
      if (message !== undefined) unresolved.push(message);
      return value ?? reference;
    });
    findings.push(...unresolved.map((message) => ({ path, message })));
    if (unresolved.length > 0) return text;
    return /^\$\{[^}]*\}$/.test(text) ? convert(replaced, path) : replaced;
  }

  return { value: copy(value, []), findings };
}

function resolve(reference: string, env: Environment): { value?: string; message?: string } {
  const [, name, fallback] = /^\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}$/.exec(reference) ?? [];
  if (name === undefined) {
    const quoted = JSON.stringify(reference);
    return { message: `${quoted} names no variable (write $\${ for a literal \${)` };
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (fallback !== undefined) return { value: value || fallback };
  if (value !== undefined) return { value };
  const remedy = `write \${${name}:-value} for a default`;
  return { message: `environment variable ${name} is not set (${remedy})` };
}
