/** The `headgate-load` command line, run to its end. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { soon } from './eventually.ts';
import type { CommandResult } from './headgate-command.ts';

/** The entry file of the command, as `pnpm load` runs it. */
export const loadMain = fileURLToPath(new URL('../../apps/load/src/main.ts', import.meta.url));

/** What tests read of a result; `apps/load/src/result.ts` has all of it. */
export interface LoadResult {
  readonly end: string;
  readonly problem: string | null;
  readonly seed: number;
  readonly totals: {
    readonly arrivals: number;
    readonly started: number;
    readonly completed: number;
    readonly requests: number;
    readonly failed: number;
    readonly late: number;
    readonly dropped: number;
    readonly failures: Readonly<Record<string, number>>;
    readonly latency: LoadSummary;
    readonly service: LoadSummary;
  };
  readonly series: readonly {
    readonly name: string;
    readonly completed: number;
    readonly failed: number;
    readonly latency: LoadSummary;
  }[];
  readonly slices: readonly {
    readonly startMs: number;
    readonly completed: number;
    readonly inFlight: number;
    readonly connections: number;
    readonly metrics: Readonly<Record<string, number>>;
  }[];
  readonly thresholds: readonly { readonly text: string; readonly isMet: boolean }[];
}

export interface LoadSummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Runs `headgate-load ARGS`, without a live page unless they ask for one, to its end. */
export async function headgateLoad(...args: string[]): Promise<CommandResult> {
  const page = args.includes('--page') ? [] : ['--page', 'off'];
  const child = spawn(process.execPath, [loadMain, ...args, ...page], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    const [code, stdout, stderr] = await soon(
      Promise.all([exited, text(child.stdout), text(child.stderr)]),
      `the end of headgate-load ${args.join(' ')}`,
      60_000,
    );
    return { code, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

/** Runs it and reads its result; fails with what it wrote when it has none. */
export async function loadResult(
  ...args: string[]
): Promise<CommandResult & { result: LoadResult }> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-load-'));
  const file = join(folder, 'result.json');
  try {
    const ended = await headgateLoad(...args, '--json', file);
    const json = await readFile(file, 'utf8').catch(() => {
      throw new Error(`no result: ${ended.stdout}${ended.stderr}`);
    });
    return { ...ended, result: JSON.parse(json) as LoadResult };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
