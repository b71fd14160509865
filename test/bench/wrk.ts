/** The load generator: runs wrk on its core and reads its report. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface WrkLoad {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Lines such as `Accept: text/html`. */
  readonly headers: readonly string[];
  /** Path of a Lua script that makes the requests. */
  readonly script?: string | undefined;
  /** What the script is given. */
  readonly scriptArgs?: readonly string[] | undefined;
}

export interface WrkReport {
  /** Requests that were answered in full. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** What wrk complained of: answers that are not 2xx or 3xx, sockets that failed. */
  readonly complaint: string | undefined;
}

/** Longer than wrk needs beyond its window, even on a busy machine. */
const GRACE_MS = 10_000;

/** Rejects when wrk is missing, cannot connect, does not end in time, or `signal` aborts. */
export async function runWrk(load: WrkLoad, core: number, signal: AbortSignal): Promise<WrkReport> {
  const args = ['-c', String(core), 'wrk', '-t1', '--latency', '--timeout', '5s'];
  args.push(`-c${load.connections}`, `-d${load.seconds}s`);
  if (load.script) args.push('-s', load.script);
  for (const header of load.headers) args.push('-H', header);
  args.push(load.url);
  if (load.scriptArgs) args.push('--', ...load.scriptArgs);
  const { stdout } = await promisify(execFile)('taskset', args, {
    signal,
    timeout: load.seconds * 1000 + GRACE_MS,
    killSignal: 'SIGKILL',
  });
  return parseWrk(stdout);
}

/** Parses the output of `wrk --latency`; throws when it is not that. */
export function parseWrk(output: string): WrkReport {
  const read = (what: string, pattern: RegExp): string => {
    const found = pattern.exec(output)?.[1];
    if (found === undefined) throw new Error(`wrk printed no ${what}:\n${output}`);
    return found;
  };
  const complaints = output.matchAll(/^ *(Socket errors|Non-2xx or 3xx responses): (.*)$/gm);
  return {
    requests: Number(read('requests', /^ *(\d+) requests in /m)),
    requestsPerSecond: Number(read('rate', /^Requests\/sec: +([\d.]+)$/m)),
    p50Us: parseLatencyUs(read('median', /^ *50% +(\S+) *$/m)),
    p99Us: parseLatencyUs(read('99th percentile', /^ *99% +(\S+) *$/m)),
    complaint: [...complaints].map((one) => `${one[1]}: ${one[2]}`).join('; ') || undefined,
  };
}

const UNITS_US: Record<string, number> = { us: 1, ms: 1e3, s: 1e6, m: 60e6 };

function parseLatencyUs(text: string): number {
  const [, amount, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? [];
  const unitUs = UNITS_US[unit ?? ''];
  if (unitUs === undefined) throw new Error(`wrk printed a latency of unknown unit: ${text}`);
  return Number(amount) * unitUs;
}
