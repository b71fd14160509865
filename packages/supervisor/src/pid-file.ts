/**
 * The file that names the process to signal. It always names the newest supervisor that is ready:
 * a successor writes over it, and a supervisor whose successor has gone writes itself in again.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Names `pid` in `file`, in one step. Throws with a readable message when it cannot be written. */
export function writePidFile(file: string, pid: number): void {
  const draft = `${file}.${pid}`;
  try {
    writeFileSync(draft, `${pid}\n`, { mode: 0o644 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Error(
      `the pid file ${file} cannot be written; its folder must exist and be writable: ${(error as Error).message}`,
    );
  }
}

/** Removes `file` if it names `pid`: not when a successor has written over it. */
export function removePidFile(file: string, pid: number): void {
  let named: string;
  try {
    named = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  if (Number(named) === pid) rmSync(file, { force: true });
}
