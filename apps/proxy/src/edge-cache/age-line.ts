/** The Age field (RFC 9111 §5.1). */

/** Where it never is more than this, the delta-seconds of an answer never overflow anybody's. */
const MAX_SECONDS = 2_147_483_648;

/** For an age in milliseconds; whole seconds, rounded down. */
export function ageLine(ageMs: number): string {
  return `age: ${Math.min(MAX_SECONDS, Math.max(0, Math.floor(ageMs / 1_000)))}\r\n`;
}
