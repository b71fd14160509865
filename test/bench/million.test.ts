import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseMillionCommand } from './million-command-line.ts';
import { runMillionContest } from './million-contest.ts';

const options = { skip: availableParallelism() < 2 && 'needs two cores' };
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

test('an interrupted contest stops what it started', options, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'headgate-million-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const interruption = new AbortController();
  const { signal } = interruption;
  // The first line comes before anything is started.
  const print = () => setTimeout(() => interruption.abort(new Error('stopped')), 1_000);
  await assert.rejects(runMillionContest(command, { folder, signal, print }), /stopped|abort/i);
});
