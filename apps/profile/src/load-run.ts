/** `headgate-load` beside a profile: started, heard, and judged by the result it writes. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface LoadOptions {
  /** As for `headgate-load`: a scenario or a URL, and options. */
  readonly args: readonly string[];
  /** Load before the profiles begin, in which code gets compiled. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Where its result goes, unless the arguments say where. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface LoadRun {
  /** As `performance.now()`; undefined while it runs. */
  readonly endedAtMs: number | undefined;
  /** Resolves after the warm-up; rejects when the load ends before. */
  warmedUp(signal: AbortSignal): Promise<void>;
  /** Resolves with its exit code when it is over. */
  readonly ended: Promise<number>;
  /** What its result says against it; empty when the profile was taken under the load asked for. */
  warnings(): string[];
  stop(): void;
}

const loadMain = fileURLToPath(new URL('../../load/src/main.ts', import.meta.url));
/** The load outlasts the profiles, which begin one after another. */
const SPARE_MS = 5_000;

/** Starts the load; what it says, but for its progress, goes to `say`. */
export function startLoad({ args, warmUpMs, durationMs, folder, say }: LoadOptions): LoadRun {
  const resultFile = optionValue(args, '--json') ?? join(folder, 'load.json');
  const child = spawn(
    process.execPath,
    [
      loadMain,
      ...args,
      ...defaultTo(args, '--page', 'off'),
      ...defaultTo(args, '--for', `${warmUpMs + durationMs + SPARE_MS}ms`),
      ...defaultTo(args, '--json', resultFile),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const isUnderWay = Promise.withResolvers<void>();
  const complaints: string[] = [];
  let code: number | undefined;
  let endedAtMs: number | undefined;
  createInterface(child.stdout).on('line', (line) => {
    // A line a second, the first after the first second.
    if (/^\d+s of /.test(line)) isUnderWay.resolve();
    else say(line);
  });
  createInterface(child.stderr).on('line', (line) => {
    complaints.push(line);
    say(line);
  });
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      complaints.push(error.message);
      resolve(1);
    });
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  }).then((exitCode) => {
    code = exitCode;
    endedAtMs = performance.now();
    isUnderWay.resolve();
    return exitCode;
  });
  return {
    ended,
    get endedAtMs() {
      return endedAtMs;
    },
    async warmedUp(signal) {
      await isUnderWay.promise;
      await Promise.race([ended, sleep(warmUpMs, undefined, { signal }).catch(() => {})]);
      if (code !== undefined) {
        throw new Error(`the load has ended already (exit code ${code}): ${complaints.join('\n')}`);
      }
    },
    warnings: () => warningsOf(resultFile),
    stop: () => void child.kill('SIGTERM'),
  };
}

interface LoadResult {
  readonly end: string;
  readonly totals: { readonly saturatedSlices: number };
  readonly slices: readonly unknown[];
}

/** What speaks against the load, by the result of `headgate-load` in `file`. */
export function warningsOf(file: string): string[] {
  let result: LoadResult;
  try {
    result = JSON.parse(readFileSync(file, 'utf8')) as LoadResult;
  } catch {
    return ['headgate-load left no result: how much load there was is not known'];
  }
  const { saturatedSlices } = result.totals;
  if (saturatedSlices === 0) return [];
  return [
    `headgate-load was saturated in ${saturatedSlices} of ${result.slices.length} seconds: there was less load than asked for. Add --workers, or lower the rate`,
  ];
}

/** `--for 30s` and `--for=30s`. */
function optionValue(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  if (at >= 0) return args[at + 1];
  return args.find((arg) => arg.startsWith(`${option}=`))?.slice(option.length + 1);
}

function defaultTo(args: readonly string[], option: string, value: string): string[] {
  return optionValue(args, option) === undefined ? [option, value] : [];
}
