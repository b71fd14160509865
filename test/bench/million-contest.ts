/** The million contest: everything runs, and takes turns at composing items from partner calls. */
import { deepStrictEqual } from 'node:assert';
import { availableParallelism, cpus, release } from 'node:os';
import { createPortFinder } from './free-ports.ts';
import type { MillionCommand } from './million-command-line.ts';
import { millionTables } from './million-report.ts';
import { type MillionRun, runCalls } from './million-run.ts';
import { millionPeers, ourStack, type Stack } from './million-stacks.ts';
import { type RunningStack, type Stage, startPartner, startStack } from './million-stage.ts';
import type { ContestOptions } from './proxy-contest.ts';

/** What the JSON file holds. */
export interface MillionRecord {
  readonly date: string;
  readonly command: MillionCommand;
  readonly machine: string;
  /** Name of the stack to its versions; null for one of which something is not installed. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly runs: readonly MillionRun[];
  /** Who could not take part, and why. */
  readonly failures: readonly string[];
}

const CORES = '0,1';
/** Asked for when a stack starts and is checked, and by no load. */
const CHECKED_IDS = [1, 2, 3, 4];
const WARM_UP_CALLS = 4_000;
const ANSWER_TIMEOUT_MS = 5_000;

/** Rejects when the partner or our stack does not start or answer, or when `signal` aborts. */
export async function runMillionContest(
  command: MillionCommand,
  { folder, signal, print }: ContestOptions,
): Promise<MillionRecord> {
  if (availableParallelism() < 2) throw new Error('this contest needs two cores');
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model}), Linux ${release()}, Node ${process.version}`;
  const date = new Date().toISOString();
  const peers = millionPeers.filter(({ name }) => command.peers.includes(name));
  const stacks = [ourStack, ...peers];
  const versions = Object.fromEntries(stacks.map((one) => [one.name, one.version() ?? null]));
  print(`${date}, ${machine}; everything on cores ${CORES}`);
  for (const [name, version] of Object.entries(versions)) {
    print(
      version === null ? `! ${name} is not installed and takes no part` : `  ${name} (${version})`,
    );
  }

  await using started = new AsyncDisposableStack();
  const stage: Stage = { folder, cores: CORES, ports: createPortFinder(Math.random), signal };
  const partner = started.use(await startPartner(stage));
  let from = CHECKED_IDS.length;
  const take = async (stack: RunningStack, round: number, calls: number) => {
    const run = await runCalls(stack, partner, { round, from, calls }, stage);
    // What was asked for beyond the calls is skipped as well.
    from += run.calls + run.failed;
    return run;
  };

  const running: RunningStack[] = [];
  const failures: string[] = [];
  const enter = async (stack: Stack) => {
    const entrant = started.use(await startStack(stack, partner.url, stage));
    await checkAnswers(entrant, running[0] ?? entrant, signal);
    await take(entrant, 0, Math.min(WARM_UP_CALLS, command.calls));
    running.push(entrant);
  };
  await enter(ourStack);
  for (const peer of peers.filter(({ name }) => versions[name] !== null)) {
    try {
      await enter(peer);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${peer.name} failed: ${error instanceof Error ? error.message : error}`);
    }
  }

  const runs: MillionRun[] = [];
  for (let round = 1; round <= command.rounds; round++) {
    for (const stack of running) {
      const calls = stack.name === ourStack.name ? command.calls : command.peerCalls;
      runs.push(await take(stack, round, share(calls, round, command.rounds)));
    }
  }
  print(`\n${millionTables(runs, failures)}`);
  return { date, command, machine, versions, runs, failures };
}

/** Of all calls, those of one round: the rounds' shares add up to all. */
function share(calls: number, round: number, rounds: number): number {
  return Math.floor((calls * round) / rounds) - Math.floor((calls * (round - 1)) / rounds);
}

/** Nobody wins by answering something else than ours does. */
async function checkAnswers(
  entrant: RunningStack,
  ours: RunningStack,
  signal: AbortSignal,
): Promise<void> {
  for (const id of CHECKED_IDS) {
    const [answer, wanted] = [
      await readItem(entrant, id, signal),
      await readItem(ours, id, signal),
    ];
    deepStrictEqual(answer, wanted, `${entrant.name} composes another item ${id}`);
  }
}

/** Without the name of the process that served it. */
async function readItem(stack: RunningStack, id: number, signal: AbortSignal): Promise<unknown> {
  const answer = await fetch(`${stack.url}/items/${id}`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  const { servedBy, ...item } = (await answer.json()) as Record<string, unknown>;
  if (answer.status !== 200 || typeof servedBy !== 'string' || item.partial !== false) {
    throw new Error(`${stack.name} answered item ${id} with ${answer.status} and not in full`);
  }
  return item;
}
