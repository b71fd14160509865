/**
 * `node test/conformance/http-cache-tests.ts [--dir FOLDER] [--against NAME|URL]... [--id ID]...
 * [--misses]`: runs the public HTTP cache tests against the edge and whatever other caches are
 * installed, and prints how many each passes. `--misses` lists what was not passed, `--id` runs
 * single tests. A URL is that of a cache in front of an origin of the suite that is started already.
 */
import { parseArgs } from 'node:util';
import { type CacheUnderTest, cachesUnderTest } from './http-cache-tests-caches.ts';
import {
  type CacheTestVerdict,
  runSuite,
  type Score,
  scoreOf,
  startSuiteOrigin,
  suiteFolder,
} from './http-cache-tests-suite.ts';

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    against: { type: 'string', multiple: true },
    id: { type: 'string', multiple: true },
    misses: { type: 'boolean' },
  },
});
const folder = values.dir ?? suiteFolder();

console.log('| cache | version | required | optimal | check |');
console.log('| --- | --- | ---: | ---: | ---: |');
const misses: string[] = [];
for (const { name, version, run } of subjects(values.against)) {
  const verdicts = await run();
  const kinds = (['required', 'optimal', 'check'] as const).map((kind) => scoreOf(verdicts, kind));
  console.log(`| ${name} | ${version} | ${kinds.map(shownScore).join(' | ')} |`);
  misses.push(...verdicts.filter(({ verdict }) => verdict !== 'pass').map(shownMiss(name)));
}
if (values.misses || values.id) console.log(misses.join('\n'));

interface Subject {
  readonly name: string;
  readonly version: string;
  run(): Promise<readonly CacheTestVerdict[]>;
}

function subjects(named: readonly string[] = []): readonly Subject[] {
  const wanted = named.length > 0 ? named : cachesUnderTest.map(({ name }) => name);
  return wanted.flatMap((one): readonly Subject[] => {
    if (one.includes('://')) {
      return [{ name: one, version: '', run: () => runSuite(one, values.id, folder) }];
    }
    const cache = cachesUnderTest.find(({ name }) => name === one);
    if (!cache) {
      const names = cachesUnderTest.map(({ name }) => name).join(', ');
      throw new Error(`--against ${one}: expected ${names} or a URL`);
    }
    const version = cache.version();
    if (version !== undefined) return [{ name: one, version, run: () => runBehind(cache) }];
    if (named.length > 0) throw new Error(`--against ${one}: it is not installed`);
    return [];
  });
}

async function runBehind(cache: CacheUnderTest): Promise<readonly CacheTestVerdict[]> {
  await using origin = await startSuiteOrigin(folder);
  await using running = await cache.start(origin.url);
  return await runSuite(running.url, values.id, folder);
}

function shownScore({ passed, total }: Score): string {
  return `${passed} of ${total}`;
}

function shownMiss(cache: string): (verdict: CacheTestVerdict) => string {
  return ({ id, kind, verdict, detail }) => `${cache} ${kind} ${id}: ${verdict}. ${detail}`;
}
