/** CPU per answer from the cache: windows under the load of wrk in which the origin is not asked. */
import type { HitCase } from './cache-cases.ts';
import type { CacheContestant } from './cache-contestants.ts';
import type { CountingOrigins } from './cache-origin.ts';
import { type TurnsResult, takeTurns } from './cache-turns.ts';
import type { Pace } from './contest.ts';
import type { Surroundings } from './entrant.ts';
import { measureWindow, type Window } from './window.ts';

const WARM_UP_SECONDS = 2;
const ANSWER_TIMEOUT_MS = 5_000;

/** A window in which the origin is asked after all does not count. */
export async function runHits(
  hitCase: HitCase,
  contestants: readonly CacheContestant[],
  { rounds, seconds }: Pace,
  origins: CountingOrigins,
  around: Surroundings,
): Promise<TurnsResult<Window>> {
  const { signal } = around;
  return takeTurns(
    {
      contestants,
      rounds,
      async prepare(entrant) {
        await checkAnswer(entrant.url, hitCase, signal);
        const warmUp = { round: 0, seconds: Math.min(seconds, WARM_UP_SECONDS) };
        await measureWindow(entrant, hitCase, warmUp, signal);
      },
      async take(entrant, round) {
        const before = await origins.counts(hitCase.path);
        const window = await measureWindow(entrant, hitCase, { round, seconds }, signal);
        const after = await origins.counts(hitCase.path);
        const asked = after.fetches - before.fetches;
        const problem = asked > 0 ? `the origin was asked ${asked} times` : undefined;
        return { ...window, invalid: window.invalid ?? problem };
      },
    },
    origins,
    around,
  );
}

/** Nobody wins by answering something else. */
async function checkAnswer(
  url: string,
  { path, answerBytes }: HitCase,
  signal: AbortSignal,
): Promise<void> {
  const answer = await fetch(url + path, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  const { byteLength } = await answer.arrayBuffer();
  if (answer.status !== 200 || byteLength !== answerBytes) {
    throw new Error(`answered ${answer.status} with ${byteLength} bytes, not ${answerBytes}`);
  }
}
