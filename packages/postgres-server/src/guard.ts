// Owns that no server outlives the process that started it, however that process ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Owner } from './owner.ts';

/**
 * Reads lists of process ids until its input ends, which it does when we end in any way. Then it
 * ends the last ones named and removes the folder.
 */
const SCRIPT = `
trap '' HUP INT TERM
pids=
while read -r line; do pids=$line; done
for pid in $pids; do kill -QUIT "$pid"; done
turns=0
for pid in $pids; do
  while kill -0 "$pid" && [ $turns -lt 100 ]; do sleep 0.05; turns=$((turns + 1)); done
  kill -KILL "$pid"
done
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
`;

/** The process that ends what we started. */
export interface Guard {
  /** Watches over process `pid` until the returned function is called. */
  watch(pid: number): () => void;
  /** Ends the processes still watched, removes the folder, and itself. */
  end(): Promise<void>;
}

/** Starts the guard of `folder`, which it removes in the end. */
export function startGuard(folder: string, owner: Owner | undefined): Guard {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'postgres-guard', folder], {
    ...owner,
    cwd: '/',
    // A session of its own: what is sent to our whole group or terminal does not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const closed = once(child, 'close');
  closed.catch(() => {});
  // It has ended by itself or could not start; `end` tells.
  child.stdin.on('error', () => {});
  const pids = new Set<number>();
  const tell = () => child.stdin.write(`${[...pids].join(' ')}\n`);
  return {
    watch(pid) {
      pids.add(pid);
      tell();
      return () => {
        pids.delete(pid);
        tell();
      };
    },
    async end() {
      child.stdin.end();
      await closed;
    },
  };
}
