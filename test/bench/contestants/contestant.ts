/** What a contestant is: a proxy that can be asked for its version and started in a folder. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from '../pinned-process.ts';

/** Where a contestant runs and what it stands in front of. */
export interface Place {
  /** An empty folder of its own. */
  readonly folder: string;
  /** To listen on, at 127.0.0.1. */
  readonly port: number;
  /** A second port, for a contestant that reports about itself. */
  readonly adminPort: number;
  /** `host:port` of every origin. */
  readonly origins: readonly string[];
}

export interface Contestant {
  readonly name: string;
  /** What is installed; undefined when nothing is. */
  version(): string | undefined;
  /** The command to run and the files it needs, name to content, in the folder of the place. */
  launch(place: Place): Command & { readonly files: Readonly<Record<string, string>> };
}

/** The version in a package.json; undefined when there is no such file. */
export function manifestVersion(manifest: URL): string | undefined {
  if (!existsSync(manifest)) return undefined;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** What the command says of its version, cut out by `pattern`; undefined when there is none. */
export function commandVersion(
  command: string,
  args: readonly string[],
  pattern: RegExp,
): string | undefined {
  // nginx prints its version as a complaint, wrk leaves with an error after it.
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1];
}
