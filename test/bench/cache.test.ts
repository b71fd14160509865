import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '../support/eventually.ts';
import { parseCacheCommand } from './cache-command-line.ts';
import { type CacheResult, runCacheContest } from './cache-contest.ts';
import { nginxCache } from './cache-nginx.ts';
import { commandVersion } from './contestants/contestant.ts';
import { readTree } from './cpu.ts';

const isPossible =
  availableParallelism() >= 2 &&
  commandVersion('taskset', ['--version'], /(\d\S*)/) !== undefined &&
  commandVersion('wrk', ['-v'], /wrk (\S+)/) !== undefined;
const options = { skip: !isPossible && 'needs wrk, taskset and two cores' };
/** Several processes, one after the other, on a machine that may be busy. */
const START_TIMEOUT_MS = 60_000;
const CLIENTS = 200;

const present = nginxCache.version() === undefined ? ['headgate'] : ['headgate', 'nginx'];
const QUICK = `--peer nginx --rounds 1 --seconds 1 --clients ${CLIENTS}`;

test('hits, herds and stale answers are counted right', options, async (t) => {
  await using stack = new AsyncDisposableStack();
  const folder = await temporaryFolder(stack);
  const printed: string[] = [];
  const { cases } = await runCacheContest(parseCacheCommand(QUICK.split(' ')), {
    folder,
    signal: t.signal,
    print: (text) => void printed.push(text),
  });
  const output = printed.join('\n');
  for (const [name, { runs, failures }] of Object.entries(cases)) {
    assert.deepEqual(failures, [], `${name}\n${output}`);
    assert.deepEqual(
      runs.map(({ contestant }) => contestant),
      present,
      name,
    );
  }

  for (const name of ['hit-small', 'hit-64k']) {
    for (const { invalid, requests, userUs, systemUs } of resultOf(cases, name, 'hits').runs) {
      assert.equal(invalid, undefined, 'the origin is not asked, and nothing else is wrong');
      assert.ok(requests > 0 && userUs + systemUs > 0);
    }
  }

  for (const run of resultOf(cases, 'herd', 'herd').runs) {
    const { fetches, answered, refused, broken, beyondFetch, warm } = run;
    assert.deepEqual([fetches, answered, refused, broken], [1, CLIENTS, 0, 0], run.contestant);
    assert.deepEqual([beyondFetch.count, warm?.count], [CLIENTS, CLIENTS]);
    assert.ok(beyondFetch.p50Ms > 0, 'nobody is answered before the origin has answered');
  }
  for (const name of ['herd-reset', 'herd-error']) {
    for (const run of resultOf(cases, name, 'herd').runs) {
      const { fetches, answered, refused, broken } = run;
      assert.equal(fetches, 2, `${name} of ${run.contestant}`);
      assert.deepEqual([answered + refused, broken], [CLIENTS, 0]);
      assert.ok(refused <= 1, 'only who asked first may be told that it failed');
    }
  }

  for (const { entries, refreshes, stale, hits } of resultOf(cases, 'stale', 'stale').runs) {
    assert.ok(entries > 0 && stale.count > 0 && hits.count > 0);
    assert.ok(refreshes >= entries, `${refreshes} refreshes of ${entries} entries`);
  }

  for (const name of present) {
    assert.equal(output.match(new RegExp(`^${name} +\\d`, 'gm'))?.length, 6, output);
  }
  assert.equal(
    output.match(/^goal: .*: (reached|missed)$/gm)?.length,
    present.length === 2 ? 7 : 5,
  );
});

test('a contest interrupted under load stops all it started', options, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await temporaryFolder(stack);
  const interruption = new AbortController();
  stack.defer(() => interruption.abort());
  const { signal } = interruption;
  const command = parseCacheCommand([...QUICK.split(' '), '--case', 'hit-small']);
  const ended = assert.rejects(
    runCacheContest(command, { folder, signal, print: () => {} }),
    /interrupted|abort/i,
  );
  await soon(Promise.race([load(signal), ended]), 'the start of the load', START_TIMEOUT_MS);
  const started = descendants();
  const [configFile] = started.flatMap((pid) => commandOf(pid).match(/\/\S+config\.json/) ?? []);
  assert.ok(configFile !== undefined && existsSync(configFile));
  interruption.abort(new Error('interrupted'));
  await ended;
  await eventually(() =>
    assert.deepEqual(
      started.filter((pid) => commandOf(pid) !== ''),
      [],
    ),
  );
  const isOurs = configFile.startsWith(folder);
  assert.equal(existsSync(dirname(dirname(dirname(configFile)))), isOurs);
});

function resultOf<Kind extends CacheResult['kind']>(
  cases: Readonly<Record<string, CacheResult>>,
  name: string,
  kind: Kind,
): Extract<CacheResult, { kind: Kind }> {
  const result = cases[name];
  assert.equal(result?.kind, kind, name);
  return result as Extract<CacheResult, { kind: Kind }>;
}

async function temporaryFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-cache-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Resolves when the load generator runs. */
async function load(signal: AbortSignal): Promise<void> {
  while (!descendants().some((pid) => commandOf(pid).startsWith('wrk '))) {
    await sleep(20, undefined, { signal });
  }
}

function descendants(): number[] {
  return readTree(process.pid).pids.filter((pid) => pid !== process.pid);
}

/** Empty once it has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
