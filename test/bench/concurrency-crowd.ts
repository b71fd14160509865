/** Processes that hold tens of thousands of connections on both sides of a proxy. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Entrant, Surroundings } from './entrant.ts';
import { type PinnedProcess, startPinned } from './pinned-process.ts';
import { LOAD_CORE } from './window.ts';

/** Of one process or of several. */
export interface ClientCounts {
  /** Sent and not answered yet. */
  readonly waiting: number;
  /** With 200 and the right body. */
  readonly answered: number;
  /** Open connections. */
  readonly open: number;
  /** Refused, closed, or answered with anything else. */
  readonly failed: number;
  /** Empty when nothing failed. */
  readonly firstProblem: string;
}

export interface CountingOrigins extends AsyncDisposable {
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  /** Requests they hold now. */
  held(): number;
  /** Answers everything that is held. */
  release(): void;
}

/** What is waited for. */
interface Goal {
  readonly isReached: () => boolean;
  /** Why it will not be reached any more; undefined while it may be. */
  readonly obstacle: () => string | undefined;
  /** How far it is, for the error that says it was not reached in time. */
  readonly describe: () => string;
}

interface OpeningPace {
  /** How many have got where they should. */
  readonly settled: () => number;
  /** Most that may be on their way there. */
  readonly ahead: number;
}

export interface Crowd extends AsyncDisposable {
  counts(): ClientCounts;
  /** Resolves when `count` connections are settled; rejects when one failed, or time is up. */
  open(count: number, pace: OpeningPace, signal: AbortSignal): Promise<void>;
}

export interface CrowdOptions {
  /** They ask for `/PATH/…`. */
  readonly path: string;
  /** Connections they can open. */
  readonly size: number;
  /** Counts the crowds of this proxy, from 0. */
  readonly turn: number;
}

const ORIGIN = new URL('holders/counting-origin.ts', import.meta.url);
const CLIENTS = new URL('holders/counted-clients.ts', import.meta.url);

/**
 * From one address to another there are 28,000 ports, and the kernel takes long to find a free one
 * when more than a quarter of them are in use on the side that names its address.
 */
const ORIGIN_PROCESSES = 6;
const CONNECTIONS_PER_CLIENT_PROCESS = 13_000;
const SOURCES_PER_CLIENT_PROCESS = 2;
const MIN_CLIENT_PROCESSES = 2;
const POLL_MS = 10;
/** Of whatever is waited for. */
const DEADLINE_MS = 600_000;

/** Resolves when all of them listen. */
export async function startCountingOrigins({
  ports,
  signal,
}: Surroundings): Promise<CountingOrigins> {
  await using started = new AsyncDisposableStack();
  const processes: PinnedProcess[] = [];
  const addresses: string[] = [];
  for (let index = 0; index < ORIGIN_PROCESSES; index++) {
    const host = `127.0.0.${index + 2}`;
    const port = await ports.next();
    processes.push(started.use(startProgram(ORIGIN, [host, `${port}`])));
    addresses.push(`${host}:${port}`);
  }
  const held = await firstReports<number>(processes, signal);
  const owned = started.move();
  return {
    addresses,
    held: () => held.reduce((total, count) => total + count, 0),
    release() {
      for (const origin of processes) origin.send('release');
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Resolves when all of its processes run. */
export async function startCrowd(
  entrant: Pick<Entrant, 'url' | 'process'>,
  { path, size, turn }: CrowdOptions,
  signal: AbortSignal,
): Promise<Crowd> {
  await using started = new AsyncDisposableStack();
  const { hostname, port } = new URL(entrant.url);
  const count = Math.max(MIN_CLIENT_PROCESSES, Math.ceil(size / CONNECTIONS_PER_CLIENT_PROCESS));
  const processes = Array.from({ length: count }, (_, index) => {
    const sources = sourcesOf(Number(port), turn * count + index);
    return started.use(startProgram(CLIENTS, [hostname, port, path, ...sources]));
  });
  const each = await firstReports<ClientCounts>(processes, signal);
  const counts = () => each.reduce(addCounts);
  const owned = started.move();
  return {
    counts,
    async open(wanted, { settled, ahead }, opening) {
      const share = spreadOver(processes);
      let asked = 0;
      const askForMore = () => {
        const room = ahead - (asked - settled());
        const now = Math.max(0, Math.min(room, wanted - asked));
        share(now);
        asked += now;
      };
      const goal: Goal = {
        isReached: () => settled() >= wanted,
        obstacle: () => obstacleOf(counts(), entrant) ?? endOf(processes),
        describe: () => `${settled()} of ${wanted} are open`,
      };
      await until(goal, opening, askForMore);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** No two of all proxies are the same: ports of those who have gone stay taken for a minute. */
function sourcesOf(proxyPort: number, process: number): string[] {
  const network = `127.${64 + (proxyPort >> 8)}.${proxyPort & 255}`;
  return Array.from(
    { length: SOURCES_PER_CLIENT_PROCESS },
    (_, index) => `${network}.${1 + process * SOURCES_PER_CLIENT_PROCESS + index}`,
  );
}

/** Looks every now and then, after `act`; rejects when the goal is out of reach or time is up. */
export async function until(
  { isReached, obstacle, describe }: Goal,
  signal: AbortSignal,
  act = () => {},
): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!isReached()) {
    const problem = performance.now() > deadline ? 'time is up' : obstacle();
    if (problem) throw new Error(`${describe()}: ${problem}`);
    act();
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** What keeps clients from getting all their answers. */
export function obstacleOf(
  { failed, firstProblem }: ClientCounts,
  { process }: Pick<Entrant, 'process'>,
): string | undefined {
  if (!process.isRunning) return `what they ask ended. ${process.complaints}`;
  return failed > 0 ? `${failed} failed, the first: ${firstProblem}` : undefined;
}

/** Why one of them is no longer there; undefined while all are. */
function endOf(processes: readonly PinnedProcess[]): string | undefined {
  const gone = processes.find((one) => !one.isRunning);
  return gone && `a process of clients or origins ended. ${gone.complaints}`;
}

/** Hands numbers out in equal parts; whoever had the smaller part has the larger one next. */
function spreadOver(processes: readonly PinnedProcess[]): (count: number) => void {
  let next = 0;
  return (count) => {
    const parts = processes.map(() => 0);
    for (let left = count; left > 0; left--) {
      const at = next++ % parts.length;
      parts[at] = (parts[at] ?? 0) + 1;
    }
    processes.forEach((one, index) => {
      if (parts[index]) one.send(`${parts[index]}`);
    });
  };
}

function addCounts(a: ClientCounts, b: ClientCounts): ClientCounts {
  return {
    waiting: a.waiting + b.waiting,
    answered: a.answered + b.answered,
    open: a.open + b.open,
    failed: a.failed + b.failed,
    firstProblem: a.firstProblem || b.firstProblem,
  };
}

function startProgram(program: URL, args: readonly string[]): PinnedProcess {
  const command = { command: process.execPath, args: [fileURLToPath(program), ...args] };
  return startPinned(command, LOAD_CORE);
}

/** Resolves when each has sent something; the last message of each is kept up to date after that. */
async function firstReports<T>(
  processes: readonly PinnedProcess[],
  signal: AbortSignal,
): Promise<T[]> {
  const heard = new Set<number>();
  const reports: T[] = [];
  processes.forEach((one, index) => {
    one.onMessage((message) => {
      heard.add(index);
      reports[index] = message as T;
    });
  });
  const goal: Goal = {
    isReached: () => heard.size === processes.length,
    obstacle: () => endOf(processes),
    describe: () => `${heard.size} of ${processes.length} processes have started`,
  };
  await until(goal, signal);
  return reports;
}
