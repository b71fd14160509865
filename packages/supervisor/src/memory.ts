/** How much memory another process of this machine has. */
import { readFileSync } from 'node:fs';

/** Resident memory in bytes; undefined when the process has ended, and on anything but Linux. */
export function residentBytes(pid: number): number | undefined {
  try {
    const [, kibibytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024;
  } catch {
    return undefined;
  }
}
