/** For tests of broken configs: writes them line by line and reads what a user is told. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { formatProblems } from '@headgate/config';
import { loadProxyConfig } from './config.ts';

/** One mistake and what is said about it. */
export interface BrokenConfig {
  /** Completes "is refused for …". */
  readonly name: string;
  readonly text: string;
  /** The lines as they are printed, after `config.yaml:`. */
  readonly problems: readonly string[];
}

export const LISTENERS = 'listeners: [{ address: 127.0.0.1:8080 }]';
export const SERVICES = 'services: { items: { upstreams: [{ url: http://127.0.0.1:4001 }] } }';
export const ROUTES = 'routes: [{ service: items }]';

/** The lines of a file. */
export function lines(...parts: string[]): string {
  return parts.join('\n');
}

/** A valid config in three lines, and `more` from line 4. */
export function whole(...more: string[]): string {
  return lines(LISTENERS, SERVICES, ROUTES, ...more);
}

/** A valid config, but with `more` for listeners, from line 2. */
export function listening(...more: string[]): string {
  return lines('listeners:', ...more, SERVICES, ROUTES);
}

/** A valid config with `more` after the first upstream of its service, from line 7. */
export function serving(...more: string[]): string {
  const service = ['services:', '  items:', '    upstreams:', '      - url: http://127.0.0.1:4001'];
  return lines(LISTENERS, ROUTES, ...service, ...more);
}

/** A valid config, but with `more` for routes, from line 4. */
export function routing(...more: string[]): string {
  return lines(LISTENERS, SERVICES, 'routes:', ...more);
}

/**
 * The lines `headgate check` prints about a file called `name`, without its folder. Without a
 * `text` the file does not exist.
 */
export async function complaints(
  name: string,
  text?: string,
  env: Record<string, string> = {},
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-config-'));
  try {
    const file = join(folder, name);
    if (text !== undefined) await writeFile(file, text);
    const loaded = await loadProxyConfig(file, env);
    assert.ok(!loaded.ok, 'expected the config to be refused');
    return formatProblems(loaded.problems).replaceAll(join(folder, '/'), '').split('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Declares the test that a YAML file is refused with exactly these lines. */
export function itRefuses({ name, text, problems }: BrokenConfig): void {
  it(`is refused for ${name}`, async () => {
    const expected = problems.map((problem) =>
      /^\d/.test(problem) ? `config.yaml:${problem}` : `config.yaml${problem}`,
    );
    assert.deepEqual(await complaints('config.yaml', text), expected);
  });
}
