import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '../support/eventually.ts';
import { readTree } from './cpu.ts';
import { parseMillionCommand } from './million-command-line.ts';
import { runMillionContest } from './million-contest.ts';

const options = { skip: availableParallelism() < 2 && 'needs two cores' };
/** Five processes, one after the other, on a machine that may be busy. */
const START_TIMEOUT_MS = 60_000;
const command = parseMillionCommand(['--quick', '--no-peers']);

test(
  'every call through the whole stack is answered, each from two partner calls',
  options,
  async (t) => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'headgate-million-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const printed: string[] = [];
    const print = (text: string) => void printed.push(text);
    const { runs, failures } = await runMillionContest(command, {
      folder,
      signal: t.signal,
      print,
    });

    const [run, ...more] = runs;
    assert.ok(run !== undefined && more.length === 0 && failures.length === 0);
    assert.equal(run.invalid, undefined);
    assert.equal(run.failed, 0);
    // Those under way when the last one was sent are counted as well.
    assert.ok(run.calls >= command.calls && run.calls <= command.calls + 500, `${run.calls} calls`);
    assert.equal(run.partnerCalls, 2 * run.calls);
    for (const [role, us] of Object.entries(run.cpuUs)) assert.ok(us > 0, `${role} took ${us} µs`);
    assert.match(printed.join('\n'), new RegExp(`^headgate +${run.calls} +0 `, 'm'));
  },
);

test('a contest interrupted under load stops all it started', options, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'headgate-million-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const interruption = new AbortController();
  stack.defer(() => interruption.abort());
  const { signal } = interruption;
  const ended = assert.rejects(
    runMillionContest(command, { folder, signal, print: () => {} }),
    /interrupted|abort/i,
  );
  await soon(Promise.race([loadWorker(signal), ended]), 'the start of the load', START_TIMEOUT_MS);
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

/** Resolves when a worker of the load generator runs. */
async function loadWorker(signal: AbortSignal): Promise<void> {
  while (!descendants().some((pid) => commandOf(pid).includes('/worker-main.'))) {
    await sleep(20, undefined, { signal });
  }
}

function descendants(): number[] {
  return readTree(process.pid).pids.filter((pid) => pid !== process.pid);
}

/** Empty once it has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
