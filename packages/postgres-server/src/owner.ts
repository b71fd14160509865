// Owns under which user the server runs: PostgreSQL refuses to be root.
import { execFileSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The user the server runs as, when that is not our own. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** `nobody` when we are root; undefined when we can be the owner ourselves. */
export function chooseOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const ask = (flag: string) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8', stdio: 'pipe' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

/** Gives a folder or file to `owner`; leaves it alone when there is none. */
export function giveTo(owner: Owner | undefined, path: string): void {
  if (owner) chownSync(path, owner.uid, owner.gid);
}

/** Whether `owner` may enter `path`: every folder down to it, and itself, can be passed by all. */
export function mayReach(owner: Owner | undefined, path: string): boolean {
  if (!owner) return true;
  for (let at = resolve(path); ; at = dirname(at)) {
    const { mode, uid } = statSync(at);
    if ((mode & (uid === owner.uid ? 0o100 : 0o001)) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
