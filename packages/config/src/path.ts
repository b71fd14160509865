// Where a setting is inside a config: keys of objects and indexes of lists, from the outside in.

/** Keys and indexes from the root; empty for the root itself. */
export type Path = readonly PropertyKey[];

/** `services.items.upstreams[0].url`; keys that would be ambiguous are quoted: `hosts["a.b"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w$-]+$/.test(String(step)))
      text += text === '' ? String(step) : `.${String(step)}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text;
}

/** True for `a.b.c` under `a.b`, and for a path under itself. */
export function isWithin(path: Path, ancestor: Path): boolean {
  return ancestor.every((step, depth) => path[depth] === step);
}

/** An object made of settings: a literal or what a parser returned, not an instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** True when `path` leads to something in `value`, looking at own properties only. */
export function hasPath(value: unknown, path: Path): boolean {
  let current: unknown = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) {
      return false;
    }
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return true;
}
