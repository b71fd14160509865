import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '../support/eventually.ts';
import { commandVersion } from './contestants/contestant.ts';
import { readTree } from './cpu.ts';
import { parseOriginCommand } from './origin-command-line.ts';
import { type OriginResult, runOriginContest } from './origin-contest.ts';

const isPossible =
  availableParallelism() >= 2 &&
  commandVersion('taskset', ['--version'], /(\d\S*)/) !== undefined &&
  commandVersion('wrk', ['-v'], /wrk (\S+)/) !== undefined;
const options = { skip: !isPossible && 'needs wrk, taskset and two cores' };
/** Several processes, one after the other, on a machine that may be busy. */
const START_TIMEOUT_MS = 60_000;

test('greetings are measured, and judged where both sides are there', options, async (t) => {
  const { cases, output } = await run('--case hello --peer bare-hono', t.signal);
  assert.deepEqual(measured(cases.hello), ['kit', 'bare-hono'], output);
  assert.match(
    output,
    /^goal: kit at most 1\.35 × bare-hono: [\d.]+ × bare-hono: (reached|missed)$/m,
  );
  assert.match(output, /^goal: kit at least 4 × less than fastapi: not measured$/m);
});

test('no item and no post of a feed comes from a cache', options, async (t) => {
  const { cases, output } = await run('--case fanout-2 --case fanout-100 --peer fastapi', t.signal);
  assert.deepEqual(measured(cases['fanout-2']), ['items', 'items-caching'], output);
  assert.deepEqual(measured(cases['fanout-100']), ['items'], output);
});

test('rows, lists and batches come from a real database', options, async (t) => {
  const line = '--case row --case list --case batch --peer fastapi';
  const { cases, output } = await run(line, t.signal);
  assert.deepEqual(measured(cases.row), ['kit', 'kit-loader'], output);
  assert.deepEqual(measured(cases.list), ['kit'], output);
  assert.deepEqual(measured(cases.batch), ['kit-loader', 'kit-one-row'], output);
  assert.match(
    output,
    /^goal: kit-loader at most 3 × kit-one-row: [\d.]+ × .*: (reached|missed)$/m,
  );
});

test('requests wait for the partner, and are all answered in the end', options, async (t) => {
  const { cases, output } = await run('--case waiting --peer fastapi', t.signal);
  const { waiting } = cases;
  assert.ok(waiting?.kind === 'waiting');
  assert.deepEqual(waiting.failures, [], output);
  assert.deepEqual(
    waiting.holdings.map(({ contestant, requests, heldByPartner }) => [
      contestant,
      requests,
      heldByPartner,
    ]),
    [
      ['kit-queued', 200, 64],
      ['kit-on-the-wire', 200, 200],
    ],
  );
});

test('a contest interrupted under load stops all it started', options, async () => {
  using stack = new DisposableStack();
  const interruption = new AbortController();
  stack.defer(() => interruption.abort());
  const { signal } = interruption;
  const ended = assert.rejects(run('--case row --peer fastapi', signal), /interrupted|abort/i);
  await soon(Promise.race([load(signal), ended]), 'the start of the load', START_TIMEOUT_MS);
  const started = descendants();
  interruption.abort(new Error('interrupted'));
  await ended;
  await eventually(() =>
    assert.deepEqual(
      started.filter((pid) => commandOf(pid) !== ''),
      [],
    ),
  );
});

async function run(line: string, signal: AbortSignal) {
  const printed: string[] = [];
  const { cases } = await runOriginContest(parseOriginCommand(['--quick', ...line.split(' ')]), {
    signal,
    print: (text) => void printed.push(text),
  });
  return { cases, output: printed.join('\n') };
}

/** Whoever had a window that counts; nobody else may have had any. */
function measured(result: OriginResult | undefined): string[] {
  assert.ok(result?.kind === 'cost');
  assert.deepEqual(result.failures, []);
  for (const { contestant, invalid, requests, userUs, systemUs } of result.windows) {
    assert.equal(invalid, undefined, contestant);
    assert.ok(requests > 0 && userUs + systemUs > 0, contestant);
  }
  return result.windows.map(({ contestant }) => contestant);
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
