/**
 * Processes that outlive the test that started them. They hold its output open, and a runner that
 * waits for the end of that would wait for ever.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Every process a test starts inherits this variable, with the id of the run. */
export const RUN_VARIABLE = 'HEADGATE_TEST_RUN';

/** Kills every other process of the run `id`; returns their command lines. */
export function killStragglers(id: string): string[] {
  const mark = `\0${RUN_VARIABLE}=${id}\0`;
  const killed: string[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      if (!`\0${readFileSync(`/proc/${entry}/environ`, 'latin1')}`.includes(mark)) continue;
      const commandLine = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      process.kill(pid, 'SIGKILL');
      killed.push(commandLine.replaceAll('\0', ' ').trim());
    } catch {
      // It has ended meanwhile, or belongs to another user.
    }
  }
  return killed;
}
