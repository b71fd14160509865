/** Notices that a file is another one than before, however it was changed. */
import { type BigIntStats, type FSWatcher, statSync, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Network file systems and swapped symlinks send no news: a look finds them, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** An edit is often several writes, in milliseconds. */
const SETTLE_MS = 100;

/**
 * Calls `onChange` after `path` was edited, replaced (also by swapping a directory's symlink, as
 * Kubernetes does), created or deleted, compared with the moment of this call, until `signal`
 * aborts. The file need not be there. Several changes within 100 ms are one.
 */
export function watchFile(path: string, onChange: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  let last = identityOf(() => statSync(path, { bigint: true }));
  let settling: NodeJS.Timeout | undefined;
  let looks = 0;

  const look = async () => {
    const turn = ++looks;
    const stats = await stat(path, { bigint: true }).catch(() => undefined);
    const identity = identityOf(() => stats);
    // A later look knows better.
    if (signal.aborted || turn !== looks || identity === last) return;
    last = identity;
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
  };

  const looking = setInterval(look, LOOK_EVERY_MS);
  const watcher = watchDirectory(path, look);
  signal.addEventListener(
    'abort',
    () => {
      clearInterval(looking);
      clearTimeout(settling);
      watcher?.close();
    },
    { once: true },
  );
}

/** What changes with every way of changing a file; symlinks are followed. */
function identityOf(read: () => BigIntStats | undefined): string {
  try {
    const stats = read();
    return stats ? `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs}` : '';
  } catch {
    return '';
  }
}

/**
 * Undefined where the system cannot (no such directory, too many watches); looking is enough. What
 * is written to neighbours is no news, but their coming and going is: one may be the symlink.
 */
function watchDirectory(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), (event, name) => {
      if (event === 'rename' || name === basename(path)) onEvent();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
