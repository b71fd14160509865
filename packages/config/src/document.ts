// Reads a config file of any kind into a value, remembering which line each setting is on.

import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { importConfig } from './import-config.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import { parseJson, parseYaml } from './text-document.ts';

/** A line and column, from 1. */
export type Position = Required<Pick<Problem, 'line' | 'column'>>;

/** What a file holds. */
export interface Document {
  /** Plain data; for a module, whatever it exports. */
  readonly value: unknown;
  /**
   * Where the entry at `path` starts: its key, or the item of a list. For a path that is not there,
   * where the nearest thing around it starts. Undefined in modules.
   */
  locate(path: Path): Position | undefined;
}

/** Something that keeps a file from being read at all. */
export interface FileFault extends Partial<Position> {
  /** The setting at fault, when the fault is in one place. */
  readonly path?: Path;
  readonly message: string;
}

/** A document, or everything that kept it from being one. */
export type ReadResult =
  | { readonly ok: true; readonly document: Document }
  | { readonly ok: false; readonly faults: readonly FileFault[] };

/** Reads the text of a file. */
export type ReadText = (file: string) => Promise<string>;

/**
 * Reads `file`, going by its extension. Whatever is wrong with it becomes faults; nothing throws.
 * `read` replaces the file system for YAML and JSON; modules are always imported from disk.
 */
export async function readDocument(file: string, read: ReadText = readUtf8): Promise<ReadResult> {
  const extension = extname(file).toLowerCase();
  switch (extension) {
    case '.yaml':
    case '.yml':
      return readText(file, read, parseYaml);
    case '.json':
      return readText(file, read, parseJson);
    case '.ts':
    case '.js':
    case '.mjs':
      return importConfig(file);
    default: {
      const kinds = '.yaml, .yml, .json, .ts, .js or .mjs';
      const got = extension === '' ? 'no extension' : extension;
      return { ok: false, faults: [{ message: `expected a ${kinds} file, got ${got}` }] };
    }
  }
}

async function readText(
  file: string,
  read: ReadText,
  parse: (text: string) => ReadResult,
): Promise<ReadResult> {
  let text: string;
  try {
    text = (await read(file)).replace(/^\ufeff/, '');
  } catch (error) {
    return { ok: false, faults: [{ message: `cannot be read: ${whyUnreadable(error)}` }] };
  }
  if (text.trim() === '') return { ok: false, faults: [{ message: 'the file is empty' }] };
  return parse(text);
}

function readUtf8(file: string): Promise<string> {
  return readFile(file, 'utf8');
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return error instanceof Error ? error.message : String(error);
}
