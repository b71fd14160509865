/** Runs `headgate-load` against the proxies of one run, and adds up what it saw, second by second. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RunResult, Slice } from '@headgate/load';
import { Histogram, readCounts, writeCounts } from '@headgate/load';
import { loadMain } from '../support/load-command.ts';

export interface FaultLoad {
  readonly target: string;
  /** Of its requests, to be told from those of other generators. */
  readonly name: string;
  readonly phases: readonly { readonly ratePerS: number; readonly seconds: number }[];
  /** Of one request. */
  readonly timeoutMs: number;
  /** Further requests of a client whose request failed. */
  readonly retries: number;
}

/** What ended in one second, from the start of the load. */
export interface LoadSecond {
  readonly arrivals: number;
  /** Sent more than 10 ms after they were due, by a generator that was short of CPU. */
  readonly late: number;
  /** Of clients: answered well at last, or given up. */
  readonly good: number;
  readonly failed: number;
  /** Latencies from the intended send, failures as the deadline: `writeCounts` in microseconds. */
  readonly histogram: string;
}

/** What generators saw of one run. */
export interface LoadReport {
  readonly seconds: readonly LoadSecond[];
  /** Time from the send to the end of answers with 503: `writeCounts` in microseconds. */
  readonly refusals: string;
}

const SCENARIO = fileURLToPath(new URL('fault-load.ts', import.meta.url));
/** To start, and to wait for the last answers. */
const GRACE_MS = 40_000;

/** Everybody at once, each with seeds of its own; rejects when a generator fails. */
export async function runGenerators(
  loads: readonly FaultLoad[],
  around: { folder: string; core: number; seed: number; signal: AbortSignal },
): Promise<LoadReport> {
  const results = await Promise.all(
    loads.map((load, index) =>
      runGenerator(load, join(around.folder, `load-${index}.json`), {
        ...around,
        seed: around.seed * 100 + index,
      }),
    ),
  );
  const bySecond: Slice[][] = [];
  for (const { slices } of results) {
    for (const slice of slices) {
      const second = Math.round(slice.startMs / 1_000);
      while (bySecond.length <= second) bySecond.push([]);
      bySecond[second]?.push(slice);
    }
  }
  return { seconds: bySecond.map(mergeSlices), refusals: refusalsOf(results) };
}

function refusalsOf(results: readonly RunResult[]): string {
  const histogram = new Histogram();
  for (const { statuses } of results.flatMap(({ series }) => series)) {
    const service = statuses.find(({ status }) => status === '503')?.phases.service;
    if (service) histogram.add(readCounts(service.histogram));
  }
  return writeCounts(histogram.counts());
}

async function runGenerator(
  load: FaultLoad,
  file: string,
  { core, seed, signal }: { core: number; seed: number; signal: AbortSignal },
): Promise<RunResult> {
  const lengthMs = load.phases.reduce((sum, { seconds }) => sum + seconds * 1_000, 0);
  const args = [loadMain, SCENARIO, '--seed', `${seed}`, '--workers', '1', '--page', 'off'];
  await promisify(execFile)(
    'taskset',
    ['-c', `${core}`, process.execPath, ...args, '--json', file],
    {
      env: { ...process.env, FAULT_LOAD: JSON.stringify(load) },
      signal,
      timeout: lengthMs + GRACE_MS,
      killSignal: 'SIGKILL',
    },
  );
  return JSON.parse(await readFile(file, 'utf8')) as RunResult;
}

function mergeSlices(slices: readonly Slice[]): LoadSecond {
  const sum = (read: (slice: Slice) => number) => slices.reduce((all, one) => all + read(one), 0);
  const histogram = new Histogram();
  for (const slice of slices) histogram.add(readCounts(slice.histogram));
  return {
    arrivals: sum((one) => one.arrivals),
    late: sum((one) => one.late),
    good: sum((one) => one.completed - one.failed),
    failed: sum((one) => one.failed + one.dropped),
    histogram: writeCounts(histogram.counts()),
  };
}
