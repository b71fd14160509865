/** Where log lines go: standard output, standard error, or the end of a file. */
import { openSync } from 'node:fs';

/** A place for log lines. */
export type LogDestination = 'stdout' | 'stderr' | { readonly file: string };

/** A file descriptor to append to. Throws an Error that says which file and why. */
export function openLog(destination: LogDestination): number {
  if (destination === 'stdout') return 1;
  if (destination === 'stderr') return 2;
  try {
    return openSync(destination.file, 'a');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot open the log file ${destination.file}: ${reason}`, { cause });
  }
}
