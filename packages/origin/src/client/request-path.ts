// Owns how a partner path is put together, so that no value in it can change where a call goes.

/** One path segment; a number is written in decimal. */
export type Segment = string | number;

/** Query parameters; undefined ones are left out. */
export type Query = Record<string, string | number | boolean | undefined>;

/**
 * Joins `base` (a path without trailing slash) with encoded segments and an encoded query.
 * Throws a TypeError for a segment that is empty, `.` or `..`: encoding cannot make those safe,
 * because parsers resolve `%2e%2e` too (RFC 3986 §6.2.2.3).
 */
export function requestPath(base: string, segments: readonly Segment[], query?: Query): string {
  let path = base;
  for (const segment of segments) {
    const text = String(segment);
    if (text === '' || text === '.' || text === '..') {
      throw new TypeError(`path segment ${JSON.stringify(text)} is not allowed`);
    }
    path += `/${encodeURIComponent(text)}`;
  }
  if (query === undefined) return path || '/';
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path || '/' : `${path || '/'}?${parameters}`;
}
