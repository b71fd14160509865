/** CPU per request of one case: everybody runs at once, and takes turns under load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ContestResult, type Failure, type Pace, shuffled } from './contest.ts';
import type { CostCase, Ids } from './origin-cases.ts';
import {
  type Checked,
  checkAnswers,
  type OriginEntrant,
  type OriginSurroundings,
  startOriginEntrant,
} from './origin-entrant.ts';
import { type CountingPartner, startCountingPartner } from './origin-partner.ts';
import { measureWindow, type Window, type WindowLoad } from './window.ts';

const WARM_UP_SECONDS = 3;
/** What the items origin has by default. */
const PARTNER_TIMEOUT_S = 4.5;
const SCRIPT = fileURLToPath(new URL('origin-targets.lua', import.meta.url));
/** Beyond what is asked for to check answers. */
const FIRST_ID = 1_000;
/** What a load may have used of which it is not known how much it asked. */
const IDS_OF_A_FAILURE = 100_000;
const SETTLE_POLL_MS = 250;
const REASON_LENGTH = 500;

type CostRunner = Checked & { readonly entrant: OriginEntrant };

/** Rejects when the partner does not start, or when `signal` aborts. */
export async function runCost(
  one: CostCase,
  databaseUrl: string,
  { rounds, seconds }: Pace,
  around: OriginSurroundings,
): Promise<ContestResult> {
  const { signal } = around;
  await using started = new AsyncDisposableStack();
  const partner = one.partner && started.use(await startCountingPartner(around));
  const place = {
    databaseUrl,
    partnerUrl: partner?.url ?? '',
    partnerConnections: one.partner?.connections ?? 0,
    partnerTimeoutS: PARTNER_TIMEOUT_S,
  };
  const measure = createMeter(one, partner, signal);
  const runners: CostRunner[] = [];
  const failures: Failure[] = [];
  for (const entry of one.entries) {
    try {
      const entrant = started.use(await startOriginEntrant(entry, place, around));
      const runner = { entry, entrant };
      await checkAnswers(one, runner, runners[0] ?? runner, signal);
      await measure(runner, { round: 0, seconds: Math.min(seconds, WARM_UP_SECONDS) });
      runners.push(runner);
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      failures.push({ contestant: entry.name, reason: reason.slice(0, REASON_LENGTH) });
    }
  }
  const windows: Window[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const runner of shuffled(runners)) windows.push(await measure(runner, { round, seconds }));
  }
  const order = (window: Window) => one.entries.findIndex(({ name }) => name === window.contestant);
  return { windows: windows.sort((a, b) => order(a) - order(b) || a.round - b.round), failures };
}

/** Measures windows; ids go on from one to the next, so that no cache has any of them. */
function createMeter(
  { connections: usual, ids, partner: calls }: CostCase,
  partner: CountingPartner | undefined,
  signal: AbortSignal,
) {
  let nextId = FIRST_ID;
  return async (
    { entry, entrant }: CostRunner,
    turn: { readonly round: number; readonly seconds: number },
  ): Promise<Window> => {
    const { connections = usual } = entry;
    const load: WindowLoad = {
      path: ids ? '' : entry.target,
      connections,
      headers: [],
      targets: ids && { script: SCRIPT, args: idArguments(ids, entry.target, nextId) },
    };
    const before = partner && (await settledAnswers(partner, signal));
    const window = await measureWindow(entrant, load, turn, signal);
    const asked = window.requests > 0 ? window.requests + 2 * connections : IDS_OF_A_FAILURE;
    nextId += asked * (ids?.kind === 'counted' ? ids.step : 1);
    if (partner === undefined || before === undefined || calls === undefined) return window;
    const answered = (await partner.counts()).answered - before;
    return inPartnerCalls(window, answered, calls.callsPerRequest, connections);
  };
}

/**
 * The window with its requests counted in partner calls: what wrk cuts off at the end has been paid
 * for as well, and counts in part. A window in which caches answered does not count.
 */
export function inPartnerCalls(
  window: Window,
  calls: number,
  callsPerRequest: number,
  connections: number,
): Window {
  const least = window.requests * callsPerRequest;
  // wrk asks once more than it says, to see what its script gives.
  const most = (window.requests + connections + 1) * callsPerRequest;
  const problem =
    calls < least || calls > most
      ? `the partner answered ${calls} calls for ${window.requests} requests`
      : undefined;
  return {
    ...window,
    requests: calls / callsPerRequest,
    invalid: window.invalid ?? problem,
  };
}

function idArguments(ids: Ids, target: string, nextId: number): string[] {
  const [before = '', after = ''] = target.split('{id}');
  const numbers = ids.kind === 'counted' ? [nextId, ids.step] : [nextId, ids.greatest];
  return [ids.kind, ...numbers.map(String), before, after];
}

/** Answers so far, once those of clients that have left no longer come. */
async function settledAnswers(partner: CountingPartner, signal: AbortSignal): Promise<number> {
  for (let last = Number.NaN; ; ) {
    const { answered } = await partner.counts();
    if (answered === last) return answered;
    last = answered;
    await sleep(SETTLE_POLL_MS, undefined, { signal });
  }
}
