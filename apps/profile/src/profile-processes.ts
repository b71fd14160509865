/** Several processes at once: all are started, one after another, and their profiles fetched. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf } from './choose-processes.ts';
import type { ProcessFacts } from './process-list.ts';
import { startProfile, type TakenProfile, takeProfile } from './profiled-process.ts';

export interface ProfileOptions {
  readonly durationMs: number;
  /** Microseconds between two samples. */
  readonly intervalUs: number;
  /** Tells inlined functions apart, at the price of compiling all code anew. */
  readonly mayRecompile: boolean;
  /** Ends the profiles early; what was sampled until then is fetched all the same. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export interface ProfileOutcome {
  readonly profiles: readonly TakenProfile[];
  /** What was chosen and could not be profiled, and why. */
  readonly failures: readonly string[];
  /** When the samples ended, as `performance.now()`. */
  readonly sampledUntilMs: number;
}

/** Fetching takes a second at most for each, and nobody may come when this process is killed. */
const KEEP_MS = 60_000;
const KEEP_EACH_MS = 5_000;

/**
 * Profiles all `targets` for `durationMs` each, at about the same time. When this settles, none of
 * them is profiled or has an inspector open that it did not have before.
 */
export async function profileProcesses(
  targets: readonly ProcessFacts[],
  { durationMs, intervalUs, mayRecompile, signal, say }: ProfileOptions,
): Promise<ProfileOutcome> {
  const failures: string[] = [];
  const started: ProcessFacts[] = [];
  const profiles: TakenProfile[] = [];
  const token = randomUUID();
  const keepMs = KEEP_MS + KEEP_EACH_MS * targets.length;
  for (const target of targets) {
    if (signal.aborted) break;
    try {
      await startProfile(target, { token, durationMs, intervalUs, mayRecompile, keepMs });
      started.push(target);
    } catch (error) {
      failures.push(failureText(target, error));
    }
  }
  if (started.length > 0) {
    say(`profiling ${started.map(labelOf).join(', ')} for ${durationMs / 1000} s`);
    // An interruption is no failure: it is the other way to an end.
    await sleep(durationMs, undefined, { signal }).catch(() => {});
  }
  const sampledUntilMs = performance.now();
  for (const target of started) {
    try {
      profiles.push(await takeProfile(target, token));
    } catch (error) {
      failures.push(failureText(target, error));
    }
  }
  return { profiles, failures, sampledUntilMs };
}

function labelOf(target: ProcessFacts): string {
  return `${nameOf(target)} (${target.pid})`;
}

function failureText(target: ProcessFacts, error: unknown): string {
  return `${labelOf(target)}: ${error instanceof Error ? error.message : String(error)}`;
}
