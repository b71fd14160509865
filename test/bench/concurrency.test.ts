import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConcurrencyCommand } from './concurrency-command-line.ts';
import { runConcurrencyContest } from './concurrency-contest.ts';
import { commandVersion } from './contestants/contestant.ts';
import { nginxOf } from './contestants/nginx.ts';

const isPossible =
  availableParallelism() >= 2 && commandVersion('taskset', ['--version'], /(\d\S*)/) !== undefined;

test('what is held at once is held by clients, proxies and origins alike, and then answered', {
  skip: !isPossible && 'needs taskset and two cores',
}, async (t) => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'headgate-concurrency-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const printed: string[] = [];
  const command = parseConcurrencyCommand(['--quick', '--peer', 'nginx']);
  const { inFlight, idle } = await runConcurrencyContest(command, {
    folder,
    signal: t.signal,
    print: (text) => printed.push(text),
  });
  const present = nginxOf(1).version() === undefined ? ['headgate'] : ['headgate', 'nginx'];

  const [requests] = inFlight;
  assert.deepEqual(requests?.failures, [], printed.join('\n'));
  assert.deepEqual(
    requests.holdings.map(({ contestant }) => contestant),
    present,
  );
  for (const holding of requests.holdings) {
    const { heldByClients, heldByProxy, heldByOrigins, answered, failed, shares } = holding;
    const held = [heldByClients, heldByProxy, heldByOrigins, answered];
    assert.deepEqual(held, [2_000, 2_000, 2_000, 2_000]);
    assert.equal(failed, 0);
    assert.ok(holding.held.pssBytes > holding.idle.pssBytes);
    assert.ok(holding.held.pssBytes <= holding.held.rssBytes);
    assert.equal(shares.counts.length, 2);
    for (const share of shares.counts) assert.ok(share > 0, 'every worker has its part');
  }

  const [connections] = idle;
  assert.deepEqual(connections?.failures, [], printed.join('\n'));
  assert.equal(connections.holdings.length, present.length);
  for (const { openByClients, openAtProxy, without, beside } of connections.holdings) {
    assert.equal(openByClients, 5_000);
    assert.ok(openAtProxy >= 5_000);
    for (const { completed, failed } of [...without, ...beside]) {
      assert.ok(completed > 0);
      assert.equal(failed, 0);
    }
  }
  assert.match(printed.join('\n'), /in flight: 2000 requests[\s\S]*idle: 5000 connections/);
});
