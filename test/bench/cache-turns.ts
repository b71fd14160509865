/** Everybody of one case runs at once, and takes turns. */
import type { CacheContestant } from './cache-contestants.ts';
import type { CountingOrigins } from './cache-origin.ts';
import { type Failure, shuffled } from './contest.ts';
import { type Entrant, type Surroundings, startEntrant } from './entrant.ts';

export interface TurnsPlan<Run> {
  readonly contestants: readonly CacheContestant[];
  readonly rounds: number;
  /** Before the first round: whoever it rejects for takes no part. */
  readonly prepare: (entrant: Entrant) => Promise<void>;
  readonly take: (entrant: Entrant, round: number) => Promise<Run>;
}

export interface TurnsResult<Run> {
  /** In the order of the contestants, and of rounds. */
  readonly runs: readonly Run[];
  /** Who could not take part, or not in a round, and why. */
  readonly failures: readonly Failure[];
}

/** Its beginning says it; a crash is told in pages. */
const REASON_LENGTH = 500;

/** Every round has one turn for each, in a new order: noise of the machine hits all alike. */
export async function takeTurns<Run>(
  { contestants, rounds, prepare, take }: TurnsPlan<Run>,
  origins: CountingOrigins,
  around: Surroundings,
): Promise<TurnsResult<Run>> {
  const { signal } = around;
  await using started = new AsyncDisposableStack();
  const entrants: Entrant[] = [];
  const failures: Failure[] = [];
  const unlessItFails = async (contestant: string, act: () => Promise<void>, when: string) => {
    try {
      await act();
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      failures.push({ contestant, reason: `${when}: ${reason.slice(0, REASON_LENGTH)}` });
    }
  };
  for (const contestant of contestants) {
    const enter = async () => {
      const entrant = started.use(await startEntrant(contestant, origins.addresses, around));
      contestant.settle?.(entrant.process.pid);
      await prepare(entrant);
      entrants.push(entrant);
    };
    await unlessItFails(contestant.name, enter, 'at its start');
  }
  const runs = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const entrant of shuffled(entrants)) {
      const turn = async () => void runs.get(entrant.name)?.push(await take(entrant, round));
      await unlessItFails(entrant.name, turn, `in round ${round}`);
    }
  }
  return { runs: [...runs.values()].flat(), failures };
}
