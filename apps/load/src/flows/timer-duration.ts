/** Durations that are waited for with a timer. */
import { parseDuration } from '@headgate/config';

/** A timer of more than this ends at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** `2s` → 2000; undefined for what is no duration, or longer than a timer can wait. */
export function timerMs(text: unknown): number | undefined {
  const ms = typeof text === 'string' ? parseDuration(text) : undefined;
  return ms !== undefined && ms <= MAX_TIMER_MS ? ms : undefined;
}
