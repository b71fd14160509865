// Imports a config module afresh.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ReadResult } from './document.ts';

// Modules are cached by URL for the life of the process; a new query makes a new URL.
let importCount = 0;

/**
 * Imports `file` and takes its default export, or the one named `config`. Each call evaluates the
 * file again; modules it imports in turn keep their first evaluation.
 */
export async function importConfig(file: string): Promise<ReadResult> {
  const path = resolve(file);
  const url = pathToFileURL(path);
  importCount += 1;
  url.searchParams.set('load', String(importCount));
  // A CommonJS file is cached by its path as well.
  delete createRequire(import.meta.url).cache[path];
  try {
    const module: { default?: unknown; config?: unknown } = await import(url.href);
    const value = module.default ?? module.config;
    if (value === undefined) return fault('expected a default export or an export named "config"');
    return { ok: true, document: { value, locate: () => undefined } };
  } catch (error) {
    return fault(`cannot be imported: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fault(message: string): ReadResult {
  return { ok: false, faults: [{ message }] };
}
