/** What caches must know about status codes (RFC 9110 §15). */

/** Those that HTTP defines and that may be kept. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 402, 403, 404, 405, 406, 409,
  410, 411, 413, 414, 415, 422, 451, 500, 501, 502, 503, 504, 505,
]);

/** RFC 9110 §15.1, without 206. */
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/**
 * About one client or one request: parts, conditions, credentials, and what RFC 6585 forbids to
 * keep.
 */
const NEVER_KEPT: ReadonlySet<number> = new Set([
  206, 304, 401, 407, 408, 412, 416, 417, 421, 426, 428, 429, 431, 511,
]);

/** Whether an answer with this status may be kept when it says how long it is fresh. */
export function mayBeKept(status: number): boolean {
  return status >= 200 && status <= 599 && !NEVER_KEPT.has(status);
}

/** Whether must-understand is satisfied (RFC 9111 §5.2.2.3). */
export function isUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status);
}

/** Whether it may be kept when it does not say how long it is fresh (RFC 9111 §4.2.2). */
export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTICALLY_CACHEABLE.has(status);
}
