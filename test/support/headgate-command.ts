/** The `headgate` command line, run to its end. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { soon } from './eventually.ts';

/** The entry file of the command, as `pnpm headgate` runs it. */
export const headgateMain = fileURLToPath(new URL('../../apps/proxy/src/main.ts', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command runs. */
export interface CommandPlace {
  readonly cwd?: string;
  /** Beside the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `headgate ARGS` and resolves when it has exited. */
export function headgate(...args: string[]): Promise<CommandResult> {
  return headgateAt({}, ...args);
}

/** As `headgate`, somewhere else. */
export async function headgateAt(
  { cwd, env }: CommandPlace,
  ...args: string[]
): Promise<CommandResult> {
  const child = spawn(process.execPath, [headgateMain, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
    env: { ...process.env, ...env },
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    const [code, stdout, stderr] = await soon(
      Promise.all([exited, text(child.stdout), text(child.stderr)]),
      `the end of headgate ${args.join(' ')}`,
    );
    return { code, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}
