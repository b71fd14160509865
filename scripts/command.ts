/** Runs a tool of the workspace and keeps what it says, to be shown only when it fails. */
import { spawnSync } from 'node:child_process';

/** The output of a command that failed, as one entry; nothing when it succeeded. */
export function complaintsOf(binary: string, args: readonly string[]): string[] {
  const result = spawnSync(binary, args, {
    encoding: 'utf8',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
  });
  if (result.error) return [`${binary}: ${result.error.message}`];
  return result.status === 0 ? [] : [`${result.stdout}${result.stderr}`.trim()];
}
