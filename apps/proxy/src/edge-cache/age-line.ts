/** The Age field (RFC 9111 §5.1). */

/** Where it never is more than this, the delta-seconds of an answer never overflow anybody's. */
const MAX_SECONDS = 2_147_483_648;

/** Up to here lines are made once. */
const KEPT_SECONDS = 4_096;
const kept: string[] = [];

/** For an age in milliseconds; whole seconds, rounded down. */
export function ageLine(ageMs: number): string {
  const seconds = Math.min(MAX_SECONDS, Math.max(0, Math.floor(ageMs / 1_000)));
  if (seconds >= KEPT_SECONDS) return `age: ${seconds}\r\n`;
  kept[seconds] ??= `age: ${seconds}\r\n`;
  return kept[seconds];
}
