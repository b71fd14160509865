/** A herd: many clients ask for one key that nobody has, at the same moment. */
import type { HerdCase } from './cache-cases.ts';
import { askTogether, type HerdReplies, openClients } from './cache-clients.ts';
import { requestFor } from './cache-connection.ts';
import type { CacheContestant } from './cache-contestants.ts';
import { type Latencies, latenciesOf } from './cache-latencies.ts';
import type { CountingOrigins } from './cache-origin.ts';
import { type TurnsResult, takeTurns } from './cache-turns.ts';
import type { Surroundings } from './entrant.ts';

export interface HerdRun {
  readonly contestant: string;
  readonly round: number;
  readonly clients: number;
  /** Requests the origin got for the key. */
  readonly fetches: number;
  /** Answered with 200, with anything else, and not at all. */
  readonly answered: number;
  readonly refused: number;
  readonly broken: number;
  /** From the moment all were to be sent, without the time the first fetch took; of 200s. */
  readonly beyondFetch: Latencies;
  /** Until everybody had an answer, the fetches included. */
  readonly overMs: number;
  /** The same clients, asking again for what is now there; undefined where a fetch fails. */
  readonly warm: Latencies | undefined;
}

const WARM_TARGET = '/small';
const WARM_UP_CLIENTS = 200;

export interface HerdPace {
  readonly clients: number;
  readonly rounds: number;
}

/** Every turn has a key and connections of its own. */
export async function runHerds(
  herdCase: HerdCase,
  contestants: readonly CacheContestant[],
  { clients: count, rounds }: HerdPace,
  origins: CountingOrigins,
  around: Surroundings,
): Promise<TurnsResult<HerdRun>> {
  const { signal } = around;
  let turn = 0;
  return takeTurns(
    {
      contestants,
      rounds,
      async prepare({ url }) {
        const size = Math.min(count, WARM_UP_CLIENTS);
        const plan = { url, count: size, firstTarget: WARM_TARGET, turn: turn++ };
        await using clients = await openClients(plan, signal);
        await askTogether(clients, requestFor(url, WARM_TARGET), signal);
      },
      async take({ name, url }, round) {
        const target = `/${herdCase.firstFetch}/${herdCase.name}-${name}-${round}`;
        const request = requestFor(url, target);
        const plan = { url, count, firstTarget: WARM_TARGET, turn: turn++ };
        await using clients = await openClients(plan, signal);
        const cold = await askTogether(clients, request, signal);
        const { fetches, firstHeldMs } = await origins.counts(target);
        const isToCompare = herdCase.firstFetch === 'answered';
        const warm = isToCompare ? await askTogether(clients, request, signal) : undefined;
        return {
          contestant: name,
          round,
          clients: count,
          fetches,
          ...outcomesOf(cold),
          beyondFetch: latenciesOf(timesOf(cold).map((ms) => ms - firstHeldMs)),
          overMs: Math.max(...cold.replies.map(({ atMs }) => atMs)) - cold.beganMs,
          warm: warm && latenciesOf(timesOf(warm)),
        };
      },
    },
    origins,
    around,
  );
}

function outcomesOf({ replies }: HerdReplies): Pick<HerdRun, 'answered' | 'refused' | 'broken'> {
  const answered = replies.filter(({ status }) => status === 200).length;
  const broken = replies.filter(({ status }) => status === 0).length;
  return { answered, refused: replies.length - answered - broken, broken };
}

/** Of those who were answered. */
function timesOf({ beganMs, replies }: HerdReplies): number[] {
  return replies.filter(({ status }) => status === 200).map(({ atMs }) => atMs - beganMs);
}
