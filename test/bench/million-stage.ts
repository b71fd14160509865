/** What a million contest is played on: the partner, and the stacks in front of it, all running. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTree } from './cpu.ts';
import type { PortFinder } from './free-ports.ts';
import { type Launch, NODE_OPTIONS, type Stack } from './million-stacks.ts';
import { type Command, type PinnedProcess, startPinned } from './pinned-process.ts';
import { waitForAnswer } from './wait-for-answer.ts';

/** What everything is started in. */
export interface Stage {
  /** Whoever is started makes a folder of its own in it. */
  readonly folder: string;
  /** Of everybody, as a list for taskset: who needs which core is for the kernel to say. */
  readonly cores: string;
  readonly ports: PortFinder;
  readonly signal: AbortSignal;
}

export interface Partner extends AsyncDisposable {
  /** `http://host:port`. */
  readonly url: string;
  readonly pids: readonly number[];
  /** Requests it has answered since it started, this one left out. */
  answered(): Promise<number>;
}

export interface RunningStack extends AsyncDisposable {
  readonly name: string;
  /** Of its edge. */
  readonly url: string;
  /** The processes it was started as, by role; some have children. */
  readonly pids: Readonly<Record<Launch['role'], readonly number[]>>;
}

export interface RoleUse {
  /** In ascending order, descendants included. */
  readonly pids: readonly number[];
  readonly cpuUs: number;
}

const partnerMain = fileURLToPath(new URL('../../apps/partner/src/main.ts', import.meta.url));
const ANSWER_TIMEOUT_MS = 5_000;

/** Resolves when it answers; rejects with its complaints. */
export async function startPartner(stage: Stage): Promise<Partner> {
  const url = `http://127.0.0.1:${await stage.ports.next()}`;
  const env = { PORT: new URL(url).port, NODE_OPTIONS };
  const command = { command: process.execPath, args: [partnerMain], env };
  const child = await startReady(command, `${url}/health`, stage);
  return {
    url,
    pids: [child.pid],
    async answered() {
      const timeUp = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const answer = await fetch(`${url}/metrics`, {
        signal: AbortSignal.any([stage.signal, timeUp]),
      });
      const counts = (await answer.text()).matchAll(/^origin_requests_total\{.*\} (\d+)$/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  };
}

/** Starts its processes in their order, each when the one before is ready. */
export async function startStack(
  stack: Stack,
  partnerUrl: string,
  stage: Stage,
): Promise<RunningStack> {
  const originPorts: number[] = [];
  while (originPorts.length < stack.origins) originPorts.push(await stage.ports.next());
  const folder = join(stage.folder, stack.name);
  const port = await stage.ports.next();
  const place = { folder, port, adminPort: await stage.ports.next(), originPorts, partnerUrl };
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(stack.files(place))) {
    await writeFile(join(folder, name), text);
  }
  await using started = new AsyncDisposableStack();
  const pids = { edge: [] as number[], origin: [] as number[] };
  for (const { role, readyUrl, ...command } of stack.launches(place)) {
    const child = started.use(await startReady(command, readyUrl, stage));
    pids[role].push(child.pid);
  }
  const running = started.move();
  return {
    name: stack.name,
    url: `http://127.0.0.1:${port}`,
    pids,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What processes and their descendants have used since they started. */
export function readUse(roots: readonly number[]): RoleUse {
  const trees = roots.map(readTree);
  return {
    pids: trees.flatMap(({ pids }) => pids).sort((a, b) => a - b),
    cpuUs: trees.reduce((sum, { userUs, systemUs }) => sum + userUs + systemUs, 0),
  };
}

async function startReady(command: Command, url: string, stage: Stage): Promise<PinnedProcess> {
  const child = startPinned(command, stage.cores);
  try {
    await waitForAnswer(url, child, stage.signal);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return child;
}
