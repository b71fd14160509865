/**
 * The public HTTP cache tests (npm: `http-cache-tests`), run by their own origin, client and rules
 * against whatever stands between. They are not a proof of conformance, but the yardstick by which
 * caches are compared.
 */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';

export type CacheTestKind = 'required' | 'optimal' | 'check';

/** Only `pass` counts; a test whose setup or dependency failed says nothing, which is a miss too. */
export type Verdict =
  | 'pass'
  | 'fail'
  | 'setup failed'
  | 'harness failed'
  | 'dependency failed'
  | 'retried'
  | 'not run';

export interface CacheTestVerdict {
  readonly id: string;
  /** What it says of itself. */
  readonly name: string;
  /** The group it belongs to. */
  readonly suite: string;
  readonly kind: CacheTestKind;
  readonly verdict: Verdict;
  /** What was wrong; empty when nothing was. */
  readonly detail: string;
}

/** Where a release of the suite keeps its parts, below its folder. */
interface SuiteLayout {
  readonly server: string;
  readonly runner: string;
  readonly judge: string;
  readonly tests: readonly string[];
  /** The client to run it with, when it is to be given one. */
  readonly fetch: string;
  readonly isGivenFetch: boolean;
}

/** The suite that is installed, or the checkout that `CACHE_TESTS_DIR` names. */
export function suiteFolder(): string {
  const named = process.env.CACHE_TESTS_DIR;
  if (named) return named;
  return dirname(fileURLToPath(import.meta.resolve('http-cache-tests/package.json')));
}

/** Knows the release on npm and the development version. */
export function suiteLayout(folder: string): SuiteLayout {
  if (existsSync(join(folder, 'test-engine'))) {
    return {
      server: 'test-engine/server/server.mjs',
      runner: 'test-engine/client/runner.mjs',
      judge: 'test-engine/lib/results.mjs',
      tests: ['tests/index.mjs'],
      fetch: '',
      isGivenFetch: false,
    };
  }
  return {
    server: 'server/server.mjs',
    runner: 'client/runner.mjs',
    judge: 'lib/display.mjs',
    tests: ['tests/index.mjs', 'tests/surrogate-control.mjs'],
    fetch: '../node-fetch/lib/index.mjs',
    isGivenFetch: true,
  };
}

export interface SuiteOrigin extends AsyncDisposable {
  readonly url: string;
}

/** Starts the origin of the suite on a free port. */
export async function startSuiteOrigin(folder = suiteFolder()): Promise<SuiteOrigin> {
  await using stack = new AsyncDisposableStack();
  const own = stack.use(await temporaryFolder());
  const program: Program = stack.use(
    startProgram(process.execPath, [join(folder, suiteLayout(folder).server)], {
      env: {
        npm_config_protocol: 'http',
        npm_config_port: '0',
        npm_config_pidfile: join(own.path, 'server.pid'),
      },
    }),
  );
  const [, port] = await program.says(/^Listening on http:\/\/.*:(\d+)\/$/m);
  const rest = stack.move();
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

const clientProgram = fileURLToPath(new URL('./http-cache-tests-client.ts', import.meta.url));

/**
 * Runs the suite against a cache that stands before its origin. Takes about half a minute, nearly
 * all of it waiting.
 *
 * @param ids run only these, and what they depend on
 */
export async function runSuite(
  url: string,
  ids: readonly string[] = [],
  folder = suiteFolder(),
): Promise<readonly CacheTestVerdict[]> {
  const child = fork(clientProgram, [folder, url, ...ids], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const { promise, resolve, reject } = Promise.withResolvers<readonly CacheTestVerdict[]>();
  let verdicts: readonly CacheTestVerdict[] | undefined;
  child.once('message', (message) => {
    verdicts = message as readonly CacheTestVerdict[];
  });
  child.once('close', (code) => {
    if (verdicts) resolve(verdicts);
    else reject(new Error(`the client of the cache tests ended with ${code}:\n${output}`));
  });
  return promise;
}

export interface Score {
  readonly passed: number;
  readonly total: number;
}

/** How many tests of one kind were passed. */
export function scoreOf(verdicts: readonly CacheTestVerdict[], kind: CacheTestKind): Score {
  const ofKind = verdicts.filter((one) => one.kind === kind);
  return {
    passed: ofKind.filter(({ verdict }) => verdict === 'pass').length,
    total: ofKind.length,
  };
}
