/** One window of load on one contestant, and what it cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadCase } from './cases.ts';
import { readCoreBusyUs, readTree } from './cpu.ts';
import type { Entrant } from './entrant.ts';
import { runWrk, type WrkReport } from './wrk.ts';

/** The core the contestants have to themselves, and the one of load and origins. */
export const CONTESTANT_CORE = 0;
export const LOAD_CORE = 1;

export interface Window {
  readonly contestant: string;
  /** Counted from 1. */
  readonly round: number;
  /** Why it does not count; undefined when it does. */
  readonly invalid: string | undefined;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of all processes of the contestant, over the whole window. */
  readonly userUs: number;
  readonly systemUs: number;
  /** In the middle of the window. */
  readonly rssBytes: number;
  /** Share of the window its core was busy with the contestant, and with anything else, 0 to 1. */
  readonly coreShare: number;
  readonly othersShare: number;
}

const NO_REPORT: WrkReport = {
  requests: 0,
  requestsPerSecond: 0,
  p50Us: 0,
  p99Us: 0,
  complaint: undefined,
};

/** What is asked in a window, of whom, and how. */
export type WindowLoad = Pick<LoadCase, 'path' | 'connections' | 'headers' | 'upload'> & {
  /** A wrk script of requests without a body, and what it is given; the path counts without one. */
  readonly targets?: { readonly script: string; readonly args: readonly string[] } | undefined;
};

/** Never rejects for anything the contestant does; only when `signal` aborts. */
export async function measureWindow(
  entrant: Pick<Entrant, 'name' | 'url' | 'process'>,
  { path, connections, headers, upload, targets }: WindowLoad,
  { round, seconds }: { round: number; seconds: number },
  signal: AbortSignal,
): Promise<Window> {
  const before = readTree(entrant.process.pid);
  const coreBefore = readCoreBusyUs(CONTESTANT_CORE);
  const startMs = performance.now();
  const load = {
    url: entrant.url + path,
    connections,
    headers,
    seconds,
    script: targets?.script ?? upload?.script,
    scriptArgs: targets?.args,
  };
  const [report, middle] = await Promise.all([
    runWrk(load, LOAD_CORE, signal).catch((error: Error) => ({
      ...NO_REPORT,
      complaint: error.message,
    })),
    sleep(seconds * 500, undefined, { signal }).then(() => readTree(entrant.process.pid)),
  ]);
  signal.throwIfAborted();
  const after = readTree(entrant.process.pid);
  const elapsedUs = (performance.now() - startMs) * 1000;
  const userUs = after.userUs - before.userUs;
  const systemUs = after.systemUs - before.systemUs;
  const othersUs = readCoreBusyUs(CONTESTANT_CORE) - coreBefore - userUs - systemUs;
  const { complaint, ...figures } = report;
  return {
    contestant: entrant.name,
    round,
    invalid: complaint ?? changed(before.pids, after.pids),
    ...figures,
    userUs,
    systemUs,
    rssBytes: middle.rssBytes,
    coreShare: (userUs + systemUs) / elapsedUs,
    othersShare: Math.max(0, othersUs / elapsedUs),
  };
}

/** The time of processes that came or went within the window is not known. */
function changed(before: readonly number[], after: readonly number[]): string | undefined {
  if (before.join() === after.join()) return undefined;
  return `its processes changed from [${before}] to [${after}]`;
}
