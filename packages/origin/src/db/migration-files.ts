// Owns what a folder of migrations is: numbered SQL files, and what of them is still to be applied.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of the folder. */
export interface MigrationFile {
  readonly number: number;
  /** The file's name, such as `0003-add-orders.sql`. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text, in hexadecimal; line ends do not count. */
  readonly checksum: string;
  /** Its first line is `-- no transaction`. */
  readonly isOutsideTransaction: boolean;
}

/** One line of the history of a database. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Why migrations did not happen. `folder`: the files cannot be used. `history`: the files are not
 * those that were applied. `locked`: something else holds a lock the migration needs. `failed`: a
 * statement did not work.
 */
export type MigrationErrorKind = 'folder' | 'history' | 'locked' | 'failed';

/** Migrations did not happen, or not all. What was applied before stays. */
export class MigrationError extends Error {
  readonly kind: MigrationErrorKind;

  constructor(kind: MigrationErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MigrationError';
    this.kind = kind;
  }
}

/**
 * The migrations of `folder`: files named `0001-what-it-does.sql`, numbered from 1 without a gap.
 * Files of other names that do not end in `.sql` are left alone. Rejects with a `MigrationError`.
 */
export async function readMigrations(folder: string): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql'));
  const files = await Promise.all(names.map((name) => readMigration(folder, name)));
  files.sort((a, b) => a.number - b.number);
  for (const [i, { number, name }] of files.entries()) {
    if (number === i + 1) continue;
    const before = files[i - 1];
    throw new MigrationError(
      'folder',
      number === before?.number
        ? `${before.name} and ${name} in ${folder} have the same number; give the later one the next`
        : `there is no migration number ${i + 1} in ${folder}, but ${name}; numbers go from 1 without a gap`,
    );
  }
  return files;
}

async function readMigration(folder: string, name: string): Promise<MigrationFile> {
  const digits = /^(\d{1,9})[-_]/.exec(name)?.[1];
  if (digits === undefined) {
    throw new MigrationError(
      'folder',
      `${name} in ${folder} has no number; name it like 0001-add-orders.sql`,
    );
  }
  const text = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
  return {
    number: Number(digits),
    name,
    text,
    checksum: createHash('sha256').update(text).digest('hex'),
    isOutsideTransaction: /^--\s*no transaction\s*(\n|$)/i.test(text),
  };
}

/**
 * The files that are still to be applied. A database may be ahead of the files, as it is while an
 * older program runs beside its successor. Throws a `MigrationError` when a file has changed since
 * it was applied, or when the database has not had all that come before the latest.
 */
export function pendingMigrations(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): readonly MigrationFile[] {
  const byNumber = new Map(applied.map((one) => [one.number, one]));
  const latest = Math.max(0, ...byNumber.keys());
  for (const { number, name, checksum } of files) {
    const known = byNumber.get(number);
    if (known === undefined && number < latest) {
      throw new MigrationError(
        'history',
        `${name} was never applied, but number ${latest} was; give it a number after ${latest}`,
      );
    }
    if (known !== undefined && known.checksum !== checksum) {
      throw new MigrationError(
        'history',
        `${name} has changed since it was applied as ${known.name}; restore it and write a new migration`,
      );
    }
  }
  return files.filter(({ number }) => !byNumber.has(number));
}
