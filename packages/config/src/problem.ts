// What is wrong with a config, in a form people can act on.

import type { Path } from './path.ts';

/** Something wrong at a path, before anyone looked up where in a file that is. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
}

/** One thing to fix. */
export interface Problem {
  /** The file it is in, as it was named; absent when no file is to blame. */
  readonly file?: string;
  /** From 1; absent for settings that came from a module. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** The setting, such as `services.items.upstreams[0].url`; empty for the config as a whole. */
  readonly path: string;
  /** What is wrong and, where it is not obvious, what to write instead. */
  readonly message: string;
}

/** One line per problem: `headgate.yaml:12  services.items.polcy: unknown setting, did you mean "policy"?` */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n');
}

/** Orders problems as their file has them; those without a line come last, as they were. */
export function byPosition(a: Problem, b: Problem): number {
  const line = (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER);
  return line || (a.column ?? 0) - (b.column ?? 0);
}

function formatProblem({ file, line, path, message }: Problem): string {
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}  `;
  return `${place}${path === '' ? '' : `${path}: `}${message}`;
}
