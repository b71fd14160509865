/** Notices saved source files, so that `pnpm dev` can restart what they belong to. */
import { watch } from 'node:fs';
import { join } from 'node:path';

/** Editors write a file several times for one save. */
const QUIET_MS = 150;

/** Calls `onChange` with one changed path per burst of writes below `directories`. */
export function watchSources(
  directories: readonly string[],
  onChange: (path: string) => void,
): void {
  let timer: NodeJS.Timeout | undefined;
  let changed: string | undefined;
  for (const directory of directories) {
    watch(directory, { recursive: true, persistent: false }, (_event, name) => {
      if (!name || !isSource(name)) return;
      const path = join(directory, name);
      // A package among the changes restarts everything, so it must not be forgotten.
      if (changed === undefined || path.startsWith('packages/')) changed = path;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const path = changed as string;
        changed = undefined;
        onChange(path);
      }, QUIET_MS);
    });
  }
}

function isSource(name: string): boolean {
  return (
    name.endsWith('.ts') && !name.endsWith('.test.ts') && !/(^|\/)(node_modules|dist)\//.test(name)
  );
}
