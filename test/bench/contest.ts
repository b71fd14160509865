/** The contest of one case: everybody runs at once, and takes turns under load. */
import type { LoadCase } from './cases.ts';
import type { Contestant } from './contestants/contestant.ts';
import { type Entrant, type Surroundings, startEntrant } from './entrant.ts';
import { measureWindow, type Window } from './window.ts';

export interface Pace {
  readonly seconds: number;
  readonly rounds: number;
}

export interface ContestResult {
  readonly windows: readonly Window[];
  /** Who could not take part, and why. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly contestant: string;
  readonly reason: string;
}

const WARM_UP_SECONDS = 2;
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * Starts everybody afresh, so that memory is that of this case, and warms them up. Every round
 * then has one window for each, in a new order: noise of the machine hits all alike.
 */
export async function runContest(
  loadCase: LoadCase,
  contestants: readonly Contestant[],
  pace: Pace,
  origins: readonly string[],
  surroundings: Surroundings,
): Promise<ContestResult> {
  const { signal } = surroundings;
  await using started = new AsyncDisposableStack();
  const entrants: Entrant[] = [];
  const failures: Failure[] = [];
  for (const contestant of contestants) {
    try {
      const entrant = started.use(await startEntrant(contestant, origins, surroundings));
      await checkAnswer(entrant, loadCase, signal);
      await measureWindow(entrant, loadCase, { round: 0, seconds: WARM_UP_SECONDS }, signal);
      entrants.push(entrant);
    } catch (error) {
      signal.throwIfAborted();
      failures.push({
        contestant: contestant.name,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
  const windows: Window[] = [];
  for (let round = 1; round <= pace.rounds; round++) {
    for (const entrant of shuffled(entrants)) {
      const window = { round, seconds: pace.seconds };
      windows.push(await measureWindow(entrant, loadCase, window, signal));
    }
  }
  const place = (window: Window) => contestants.findIndex((one) => one.name === window.contestant);
  return { windows: windows.sort((a, b) => place(a) - place(b) || a.round - b.round), failures };
}

/** Nobody wins by answering something else. */
async function checkAnswer(
  entrant: Entrant,
  { path, answerBytes, upload }: LoadCase,
  signal: AbortSignal,
): Promise<void> {
  const answer = await fetch(entrant.url + path, {
    method: upload ? 'POST' : 'GET',
    body: upload ? 'x'.repeat(upload.sizeBytes) : null,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  const { byteLength } = await answer.arrayBuffer();
  if (answer.status !== 200 || byteLength !== answerBytes) {
    throw new Error(`answered ${answer.status} with ${byteLength} bytes, not ${answerBytes}`);
  }
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
