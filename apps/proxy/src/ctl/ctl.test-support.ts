/** For tests of commands that ask an edge: what they print, and configs in place of files. */
import { formatEndpoint } from '../address.ts';
import type { AdminListener } from '../admin/listener.ts';
import type { Command } from '../command-line.ts';
import { parseCommand } from '../command-line.ts';
import { type ProxyConfig, type ProxyConfigInput, proxySchema } from '../config.ts';
import type { CtlDeps } from './ctl.ts';

export interface Captured {
  readonly deps: CtlDeps;
  readonly printed: string[];
  readonly complaints: string[];
  /** How long was slept, each time. */
  readonly slept: number[];
}

/** Collects what is said. Time passes by sleeping only; the wall clock is an hour after 2023-11-14. */
export function captured(overrides: Partial<CtlDeps> = {}): Captured {
  const printed: string[] = [];
  const complaints: string[] = [];
  const slept: number[] = [];
  const deps: CtlDeps = {
    env: {},
    load: async (file) => ({ ok: false, problems: [{ file, path: '', message: 'no such file' }] }),
    print: (line) => printed.push(line),
    complain: (line) => complaints.push(line),
    now: () => slept.reduce((sum, delayMs) => sum + delayMs, 0),
    epochMs: () => 1_700_003_660_000,
    sleep: async (delayMs) => void slept.push(delayMs),
    ...overrides,
  };
  return { deps, printed, complaints, slept };
}

/** A `load` that knows the files it is given. */
export function files(configs: Readonly<Record<string, ProxyConfigInput>>): CtlDeps['load'] {
  return async (file) => {
    const input = configs[file];
    if (!input) return { ok: false, problems: [{ file, path: '', message: 'no such file' }] };
    const config: ProxyConfig = proxySchema.parse(input);
    return { ok: true, config, values: [] };
  };
}

/** The options that name an edge under test. */
export function at({ endpoint }: AdminListener): string[] {
  return ['--admin', formatEndpoint(endpoint)];
}

/** The command called `name` of these arguments, which have to be understood. */
export function command<N extends Command['name']>(
  name: N,
  argv: readonly string[],
): Extract<Command, { readonly name: N }> {
  const parsed = parseCommand([name, ...argv], () => undefined);
  if (parsed.name !== name) throw new Error(JSON.stringify(parsed));
  return parsed as Extract<Command, { readonly name: N }>;
}
