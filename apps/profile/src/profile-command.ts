/** One run of the command: choose, load, profile, and show. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { chooseProcesses } from './choose-processes.ts';
import type { RunArguments } from './command-line.ts';
import { startLoad } from './load-run.ts';
import type { ProcessFacts } from './process-list.ts';
import { listProcesses } from './process-list.ts';
import { type ProfileOutcome, profileProcesses } from './profile-processes.ts';
import type { TakenProfile } from './profiled-process.ts';
import { makeResults } from './results.ts';
import { topText } from './top-text.ts';
import { writeResults } from './write-results.ts';

export interface Surroundings {
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Aborts when the user has had enough. */
  readonly signal: AbortSignal;
}

/** Resolves with the exit code: 0 when all was profiled and the load, if any, ended well, otherwise 1. */
export async function profileCommand(run: RunArguments, around: Surroundings): Promise<number> {
  const chosen = chooseProcesses(listProcesses(), { ...run, selfPid: process.pid });
  for (const text of [...chosen.refusals, ...chosen.notes]) around.complain(text);
  if (chosen.refusals.length > 0) return 1;
  const now = new Date();
  const folder = run.folder ?? makeFolder(now);
  mkdirSync(folder, { recursive: true });
  const done = await profileUnderLoad(chosen.processes, run, folder, around);
  const hasProfile = done.profiles.length > 0;
  if (hasProfile) show(done.profiles, run, folder, now, around);
  else around.complain('nothing was profiled');
  for (const text of done.failures) around.complain(text);
  for (const text of done.warnings) around.complain(`WARNING: ${text}`);
  return hasProfile && done.failures.length === 0 && done.loadCode === 0 ? 0 : 1;
}

function show(
  profiles: readonly TakenProfile[],
  { intervalUs }: RunArguments,
  folder: string,
  now: Date,
  { say }: Surroundings,
): void {
  const about = { folder: process.cwd(), takenAt: now.toISOString(), intervalUs };
  const results = makeResults(profiles, about);
  const files = writeResults(results, folder);
  say(`\n${topText(results)}`);
  for (const file of files) say(relative(process.cwd(), file));
}

interface Done extends ProfileOutcome {
  /** What speaks against the load that was sent meanwhile. */
  readonly warnings: readonly string[];
  /** Exit code of the load; 0 without one. */
  readonly loadCode: number;
}

/** Without `run.load` the load is whatever there is. */
async function profileUnderLoad(
  targets: readonly ProcessFacts[],
  run: RunArguments,
  folder: string,
  around: Surroundings,
): Promise<Done> {
  const options = { ...run, ...around };
  if (run.load === undefined) {
    return { ...(await profileProcesses(targets, options)), warnings: [], loadCode: 0 };
  }
  const load = startLoad({ ...options, args: run.load, folder });
  const stop = () => load.stop();
  around.signal.addEventListener('abort', stop);
  try {
    await load.warmedUp(around.signal);
    const outcome = await profileProcesses(targets, options);
    const loadCode = await load.ended;
    const isShort = !around.signal.aborted && (load.endedAtMs ?? 0) < outcome.sampledUntilMs;
    const warnings = [
      ...(isShort ? ['the load ended before the profile did'] : []),
      ...load.warnings(),
    ];
    return { ...outcome, warnings, loadCode };
  } finally {
    around.signal.removeEventListener('abort', stop);
    load.stop();
  }
}

/** A folder of its own that git does not see. */
function makeFolder(now: Date): string {
  const parent = 'headgate-profile';
  const folder = join(parent, now.toISOString().slice(0, 19).replaceAll(':', '-'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(parent, '.gitignore'), '*\n');
  return folder;
}
