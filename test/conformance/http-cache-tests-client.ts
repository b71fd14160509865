/**
 * Runs the public HTTP cache tests against a URL, judges them by their own rules, and sends the
 * verdicts to its parent. A process of its own, because the suite keeps its state in its modules
 * and can be run only once.
 *
 * `node http-cache-tests-client.ts FOLDER URL [ID...]`; with ids, only those and what they depend on.
 */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CacheTestVerdict, Verdict } from './http-cache-tests-suite.ts';
import { suiteLayout } from './http-cache-tests-suite.ts';

/** Tests at once: what they cost is pauses of three seconds, not work. */
const CONCURRENT_TESTS = 100;

interface Test {
  readonly id: string;
  readonly name: string;
  readonly kind?: 'required' | 'optimal' | 'check';
  readonly depends_on?: readonly string[];
  readonly browser_only?: boolean;
}

interface Suite {
  readonly id: string;
  readonly name: string;
  readonly tests: readonly Test[];
}

/** `true`, or what kind of failure it was and a sentence. */
type Results = Readonly<Record<string, true | readonly [kind: string, detail: string]>>;

interface RunnerModule {
  // Releases differ in whether they are given a fetch.
  runTests(suites: readonly Suite[], ...rest: readonly unknown[]): Promise<void>;
  getResults(): Results;
}

interface DefaultModule {
  readonly default: unknown;
}

interface JudgeModule {
  /** What it is drawn with; the last says what it is. */
  determineTestResult(suites: readonly Suite[], id: string, results: Results): readonly string[];
}

/** By the signs the suite's own command line shows. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  '✅': 'pass',
  Y: 'pass',
  '⛔️': 'fail',
  '⚠️': 'fail',
  N: 'fail',
  '🔹': 'setup failed',
  '⁉️': 'harness failed',
  '⚪️': 'dependency failed',
  '↻': 'retried',
  '-': 'not run',
};

const [folder, url, ...ids] = process.argv.slice(2);
if (folder === undefined || url === undefined) throw new Error('expected FOLDER URL [ID...]');
const layout = suiteLayout(folder);

// The suite asks for a client that sees interim answers; a checkout that is not installed has none.
registerHooks({
  resolve(specifier, context, next) {
    const isOurs = specifier === 'undici';
    return next(specifier, isOurs ? { ...context, parentURL: import.meta.url } : context);
  },
});

const suites = await loadSuites();
const wanted = ids.length > 0 ? withDependencies(ids) : undefined;
const toRun = suites.map((suite) => ({
  ...suite,
  tests: suite.tests.filter(({ id }) => wanted?.has(id) ?? true),
}));
const { runTests, getResults } = (await load(layout.runner)) as RunnerModule;
if (layout.isGivenFetch) {
  const { default: fetch } = (await load(layout.fetch)) as DefaultModule;
  await runTests(toRun, fetch, false, url, CONCURRENT_TESTS);
} else {
  const { fetch } = await import('undici');
  Object.assign(globalThis, { fetch });
  await runTests(toRun, false, url, CONCURRENT_TESTS);
}
const { determineTestResult } = (await load(layout.judge)) as JudgeModule;
process.send?.(judge(getResults()), () => process.exit(0));

async function loadSuites(): Promise<readonly Suite[]> {
  const modules = (await Promise.all(layout.tests.map(load))) as readonly DefaultModule[];
  return modules.flatMap(({ default: found }) => found as Suite | readonly Suite[]);
}

function load(path: string): Promise<unknown> {
  return import(pathToFileURL(join(folder as string, path)).href);
}

function withDependencies(wantedIds: readonly string[]): ReadonlySet<string> {
  const tests = new Map(suites.flatMap((suite) => suite.tests.map((test) => [test.id, test])));
  const found = new Set<string>();
  const add = (id: string) => {
    const test = tests.get(id);
    if (!test) throw new Error(`the suite in ${folder} has no test ${id}`);
    found.add(id);
    for (const other of test.depends_on ?? []) if (!found.has(other)) add(other);
  };
  wantedIds.forEach(add);
  return found;
}

function judge(results: Results): readonly CacheTestVerdict[] {
  return toRun.flatMap((suite) =>
    suite.tests
      .filter(({ browser_only: isForBrowsers }) => !isForBrowsers)
      .map(({ id, name, kind = 'required' }) => {
        const sign = determineTestResult(suites, id, results)[2] as string;
        const result = results[id];
        const verdict = VERDICTS[sign];
        if (!verdict) throw new Error(`the suite judges ${id} with an unknown sign, ${sign}`);
        const detail = Array.isArray(result) ? String(result[1]) : '';
        return { id, name, suite: suite.name, kind, verdict, detail };
      }),
  );
}
