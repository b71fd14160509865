/** When a worker tells its supervisor how it is. Pure. */
import type { WorkerFacts } from './messages.ts';

/** A worker looks whether a beat is due this often, so beats are at least this far apart. */
export const BEAT_CHECK_MS = 100;

const BEAT_MS = 1_000;
/** Both: a change smaller than that does not alter who has the fewest by much. */
const CHANGED_RATIO = 0.05;
const CHANGED_CONNECTIONS = 8;

/** Once a second, and sooner when the number of connections has changed a lot. */
export function isBeatDue(
  sinceLastMs: number,
  last: WorkerFacts | undefined,
  facts: WorkerFacts,
): boolean {
  if (!last || sinceLastMs >= BEAT_MS) return true;
  const change = Math.abs(facts.connections - last.connections);
  return change >= CHANGED_CONNECTIONS && change > last.connections * CHANGED_RATIO;
}
