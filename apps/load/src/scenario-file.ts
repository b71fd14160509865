/** Imports the scenario of a file. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { extname, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Scenario } from './scenario.ts';
import { checkScenario } from './scenario-check.ts';

const PACKAGE = '@headgate/load';

// Beside this file, with its extension: .ts from source, .js when built.
const packageUrl = new URL(`./index${extname(import.meta.url)}`, import.meta.url).href;

let areHooksRegistered = false;

/**
 * Imports the scenario that the .ts, .js or .mjs file at `path` exports as `scenario` or as its
 * default, and checks it. The file can import `@headgate/load` from wherever it is. Rejects with an
 * Error that names the file, the line where there is one, and every problem of the scenario.
 */
export async function loadScenario(path: string): Promise<Scenario> {
  await checkFile(path);
  registerPackage();
  let module: { readonly scenario?: unknown; readonly default?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new Error(await explain(path, error), { cause: error });
  }
  const scenario = module.scenario ?? module.default;
  if (scenario === undefined) {
    const example = 'export const scenario = defineScenario({ … })';
    throw new Error(`${path} exports no \`scenario\`, and has no default export; add ${example}`);
  }
  const problems = checkScenario(scenario);
  if (problems.length > 0) throw new Error(problems.map((one) => `${path}: ${one}`).join('\n'));
  return scenario as Scenario;
}

async function checkFile(path: string): Promise<void> {
  if (!/\.(ts|js|mjs)$/.test(path)) {
    throw new Error(`${path} is no scenario file; its name ends in .ts, .js or .mjs`);
  }
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (about instanceof Error) {
    const why = about.code === 'ENOENT' ? 'no such file' : about.message;
    throw new Error(`${path}: ${why}`, { cause: about });
  }
  if (!about.isFile()) throw new Error(`${path}: not a file`);
}

/** For as long as the process lives: a scenario may import more while it runs. */
function registerPackage(): void {
  if (areHooksRegistered) return;
  areHooksRegistered = true;
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier === PACKAGE ? packageUrl : specifier, context),
  });
}

async function explain(path: string, error: unknown): Promise<string> {
  if (!(error instanceof Error)) return `${path} threw ${String(error)}`;
  const place = placeOf(error.stack ?? '', path) ?? (await syntaxErrorPlace(error, path)) ?? path;
  return `${place}: ${error.message}`;
}

/** The file and line that the stack begins with, or else the scenario's own line in it. */
function placeOf(stack: string, path: string): string | undefined {
  const head = /^(.+\.[cm]?[jt]s):(\d+)\n/.exec(stack);
  if (head?.[1] !== undefined) return `${shown(head[1], path)}:${head[2]}`;
  const url = pathToFileURL(resolve(path)).href;
  const frame = stack.split('\n').find((line) => line.includes(`${url}:`));
  const line = frame?.slice(frame.indexOf(url) + url.length).match(/^:(\d+)/)?.[1];
  return line === undefined ? undefined : `${path}:${line}`;
}

/** Imports keep the line of a syntax error in JavaScript to themselves; `node --check` tells. */
async function syntaxErrorPlace(error: Error, path: string): Promise<string | undefined> {
  if (error.name !== 'SyntaxError') return undefined;
  const check = promisify(execFile)(process.execPath, ['--check', resolve(path)]);
  const { stderr } = await check.catch((failure: { stderr?: string }) => failure);
  return placeOf(stderr ?? '', path);
}

/** The scenario by the name it was given, another file relative to the working directory. */
function shown(file: string, path: string): string {
  const full = file.startsWith('file:') ? fileURLToPath(file) : resolve(file);
  return full === resolve(path) ? path : relative('', full);
}
