/** Which processes are meant, and which of them may be asked. */
import { basename } from 'node:path';
import type { ProcessFacts } from './process-list.ts';

export interface Choice {
  readonly pids: readonly number[];
  readonly names: readonly string[];
  /** The process that asks: neither it nor what started it is profiled. */
  readonly selfPid: number;
}

export interface Chosen {
  readonly processes: readonly ProcessFacts[];
  /** Why what was asked for cannot be done; the rest should not be done either. */
  readonly refusals: readonly string[];
  /** Children that are left out, and why. */
  readonly notes: readonly string[];
}

/** Options of Node whose value is the next argument. */
const WITH_VALUE = new Set(
  '-r --require --import --loader -C --conditions -e --eval -p --print'.split(' '),
);
/** Says nothing about what a script is for. */
const GENERIC = /^(main|index|server|app|src|dist|build|lib|bin)$/;

/** The processes of `pids` and `names` with all their children that are Node processes. */
export function chooseProcesses(all: ReadonlyMap<number, ProcessFacts>, choice: Choice): Chosen {
  const own = ancestorsOf(all, choice.selfPid);
  const self = all.get(choice.selfPid);
  const refusals: string[] = [];
  const notes: string[] = [];
  const roots = new Set<ProcessFacts>();
  for (const pid of choice.pids) {
    const facts = all.get(pid);
    const refusal =
      facts === undefined
        ? 'there is no such process'
        : own.has(pid)
          ? 'it is part of this command'
          : refusalOf(facts, self);
    if (refusal !== undefined) refusals.push(`process ${pid}: ${refusal}`);
    else roots.add(facts as ProcessFacts);
  }
  const candidates = [...all.values()].filter((facts) => isNode(facts) && !own.has(facts.pid));
  for (const name of choice.names) {
    const matches = candidates.filter((facts) => hasName(facts, name));
    for (const facts of matches) roots.add(facts);
    if (matches.length === 0)
      refusals.push(`no Node process is named ${name}: ${namesOf(candidates)}`);
  }
  const chosen = new Set<ProcessFacts>();
  for (const facts of withDescendants(roots, [...all.values()])) {
    // What is no Node process was not asked for by its own pid, or it would have been refused.
    if (!isNode(facts) || own.has(facts.pid)) continue;
    const refusal = refusalOf(facts, self);
    if (refusal === undefined) chosen.add(facts);
    else notes.push(`process ${facts.pid} (${nameOf(facts)}) is left out: ${refusal}`);
  }
  if (chosen.size === 0 && refusals.length === 0) refusals.push(...notes);
  return { processes: [...chosen], refusals, notes };
}

/**
 * Why SIGUSR1 must not be sent to a process: it would end one that does not expect it, and open an
 * inspector nobody here could reach, or close again.
 */
function refusalOf(facts: ProcessFacts, self: ProcessFacts | undefined): string | undefined {
  if (facts.state === 'Z') return 'it has ended';
  if (facts.state === 'T' || facts.state === 't') return 'it is stopped; continue it first';
  if (facts.program === undefined) return 'it belongs to another user; run this as that user';
  if (!isNode(facts)) return `it runs ${basename(facts.program)}, not Node`;
  if (optionsOf(facts).some((option) => option === '--disable-sigusr1')) {
    return 'it was started with --disable-sigusr1, so nothing can be attached to it';
  }
  if (facts.catchesUsr1 === false) {
    return 'it does not handle SIGUSR1, which would end it (--disable-sigusr1, --permission, or it has just started)';
  }
  if (facts.network !== self?.network) {
    return 'it is in another network namespace; run this in its container';
  }
  return undefined;
}

/** What a process is called here: the folder of an app, or its script. Fit for a file name. */
export function nameOf(facts: ProcessFacts): string {
  const segments = scriptOf(facts).split('/');
  const known = segments.map((segment) => segment.replace(/\.[cm]?[jt]s$/, '')).filter(Boolean);
  const name = known.findLast((segment) => !GENERIC.test(segment)) ?? known.at(-1) ?? 'node';
  return name.replace(/[^\w.@+-]+/g, '-').slice(0, 60);
}

/** Options of Node itself: of its command line, and of NODE_OPTIONS. */
export function optionsOf({ args, nodeOptions = '' }: ProcessFacts): string[] {
  return [...nodeOptions.split(/\s+/), ...args.slice(1, scriptIndex(args))];
}

function isNode({ program = '' }: ProcessFacts): boolean {
  // A program that was replaced on disk is still the one that runs.
  return /^node(js)?(-?\d+)?$/.test(basename(program.replace(/ \(deleted\)$/, '')));
}

/** The path of its script, or the title it has given itself. */
function scriptOf({ args }: ProcessFacts): string {
  return args[scriptIndex(args)] ?? (args.length === 1 ? (args[0] as string) : '');
}

function scriptIndex(args: readonly string[]): number {
  for (let i = 1; i < args.length; i++) {
    if (WITH_VALUE.has(args[i] as string)) i++;
    else if (!args[i]?.startsWith('-')) return i;
  }
  return args.length;
}

/** `items` is `apps/items/src/main.ts` and `items.js`; `apps/items` is the former alone. */
function hasName(facts: ProcessFacts, name: string): boolean {
  const script = scriptOf(facts);
  if (name.includes('/')) return `/${script}/`.includes(`/${name.replace(/^\/|\/$/g, '')}/`);
  return nameOf(facts) === name || script.split('/').includes(name);
}

function namesOf(candidates: readonly ProcessFacts[]): string {
  const names = [...new Set(candidates.map(nameOf))].sort();
  return names.length === 0 ? 'none runs' : `there are ${names.join(', ')}`;
}

function ancestorsOf(all: ReadonlyMap<number, ProcessFacts>, pid: number): Set<number> {
  const ancestors = new Set<number>();
  for (let at: number | undefined = pid; at && !ancestors.has(at); at = all.get(at)?.parentPid) {
    ancestors.add(at);
  }
  return ancestors;
}

function withDescendants(
  roots: ReadonlySet<ProcessFacts>,
  all: readonly ProcessFacts[],
): Set<ProcessFacts> {
  const found = new Set(roots);
  // A set that grows while it is walked is walked to its end.
  for (const parent of found) {
    for (const facts of all) if (facts.parentPid === parent.pid) found.add(facts);
  }
  return found;
}
