/** Ordinary traffic beside what is held: `headgate-load`, run to its end. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Histogram, type RunResult, readCounts } from '@headgate/load';
import { loadMain } from '../support/load-command.ts';
import { LOAD_CORE } from './window.ts';

/** One window of traffic. */
export interface Traffic {
  readonly completed: number;
  readonly failed: number;
  /** Sent more than 10 ms after they were due, by a generator that was short of CPU. */
  readonly late: number;
  /** From the intended send to the end of the answer: `writeCounts` in microseconds. */
  readonly histogram: string;
}

/** Percentiles of several windows together. */
export interface Latencies {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** To start, and to wait for the last answers. */
const GRACE_MS = 40_000;

/**
 * Sends `GET /traffic` as `load` says (`--rate`, `--users`) for so many seconds; rejects when the
 * generator fails, or on abort.
 */
export async function runTraffic(
  url: string,
  load: readonly string[],
  seconds: number,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<Traffic> {
  const file = join(folder, 'traffic.json');
  const length = ['--for', `${seconds}s`, '--workers', '1', '--page', 'off', '--json', file];
  await promisify(execFile)(
    'taskset',
    ['-c', `${LOAD_CORE}`, process.execPath, loadMain, `${url}/traffic`, ...load, ...length],
    { signal, timeout: seconds * 1_000 + GRACE_MS, killSignal: 'SIGKILL' },
  );
  const { totals } = JSON.parse(await readFile(file, 'utf8')) as RunResult;
  return {
    completed: totals.completed,
    failed: totals.failed + totals.dropped,
    late: totals.late,
    histogram: totals.latency.histogram,
  };
}

/** Merges them exactly. */
export function latenciesOf(windows: readonly Traffic[]): Latencies {
  const all = new Histogram();
  for (const { histogram } of windows) all.add(readCounts(histogram));
  return {
    requests: all.total,
    p50Ms: all.quantileUs(0.5) / 1_000,
    p99Ms: all.quantileUs(0.99) / 1_000,
  };
}
