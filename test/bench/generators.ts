/** Load generators, as contestants: each keeps so many connections busy with one URL. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { commandVersion, manifestVersion } from './contestants/contestant.ts';
import type { Command } from './pinned-process.ts';
import { parseWrk } from './wrk.ts';

export interface GeneratorLoad {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Lines such as `Accept: text/html`. */
  readonly headers: readonly string[];
}

export interface Generator {
  readonly name: string;
  /** What is installed; undefined when nothing is. */
  version(): string | undefined;
  /** Runs for so many seconds and ends; may write what it found to `file`. */
  command(load: GeneratorLoad, file: string): Command;
  /** Requests that were answered in full; throws when any failed. */
  requests(output: string, file: string): number;
}

const require = createRequire(import.meta.url);
const loadMain = fileURLToPath(new URL('../../apps/load/src/main.ts', import.meta.url));

const headgateLoad: Generator = {
  name: 'headgate-load',
  version: () => manifestVersion(new URL('../../apps/load/package.json', import.meta.url)),
  command: ({ url, connections, seconds, headers }, file) => ({
    command: process.execPath,
    args: [
      ...[loadMain, url, '--users', `${connections}`, '--for', `${seconds}s`],
      ...['--workers', '1', '--page', 'off', '--json', file],
      ...headers.flatMap((header) => ['-H', header]),
    ],
  }),
  requests(_output, file) {
    const { totals } = JSON.parse(readFileSync(file, 'utf8')) as {
      totals: { completed: number; failed: number };
    };
    if (totals.failed > 0) throw new Error(`${totals.failed} requests failed`);
    return totals.completed;
  },
};

const wrk: Generator = {
  name: 'wrk',
  version: () => commandVersion('wrk', ['-v'], /wrk (\S+)/),
  command: ({ url, connections, seconds, headers }) => ({
    command: 'wrk',
    args: [
      ...['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '5s'],
      ...headers.flatMap((header) => ['-H', header]),
      url,
    ],
  }),
  requests(output) {
    const { requests, complaint } = parseWrk(output);
    if (complaint) throw new Error(complaint);
    return requests;
  },
};

const hey: Generator = {
  name: 'hey',
  version: () => commandVersion('hey', ['-h'], /(Usage): hey/) && 'debian',
  command: ({ url, connections, seconds, headers }) => ({
    command: 'hey',
    args: [
      ...['-cpus', '1', '-c', `${connections}`, '-z', `${seconds}s`],
      ...headers.flatMap((header) => ['-H', header]),
      url,
    ],
  }),
  requests(output) {
    const count = /\[200\]\s+(\d+) responses/.exec(output)?.[1];
    if (count === undefined || /Error distribution/.test(output))
      throw new Error(output.slice(-300));
    return Number(count);
  },
};

const autocannon: Generator = {
  name: 'autocannon',
  version: () => manifestVersion(new URL(`file://${packageFile('autocannon', 'package.json')}`)),
  command: ({ url, connections, seconds, headers }) => ({
    command: process.execPath,
    args: [
      packageFile('autocannon', 'autocannon.js'),
      ...['-c', `${connections}`, '-d', `${seconds}`, '--json', '--no-progress'],
      ...headers.flatMap((header) => ['-H', header]),
      url,
    ],
  }),
  requests(output) {
    const { errors, non2xx, requests } = JSON.parse(output) as {
      errors: number;
      non2xx: number;
      requests: { total: number };
    };
    if (errors + non2xx > 0)
      throw new Error(`${errors} errors, ${non2xx} answers that are not 2xx`);
    return requests.total;
  },
};

/** Ours first. */
export const generators: readonly Generator[] = [headgateLoad, wrk, hey, autocannon];

function packageFile(name: string, file: string): string {
  const found = require.resolve
    .paths(name)
    ?.find((folder) => existsSync(`${folder}/${name}/${file}`));
  return `${found ?? ''}/${name}/${file}`;
}
