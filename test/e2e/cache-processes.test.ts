import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Purge } from '@headgate/cache';
import { startCacheProcesses } from '../support/cache-processes.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis as skip, startRedisServer } from '../support/redis-server.ts';

const PROCESSES = 4;
const CALLS = 2_500;
/** Far beyond any reply of a Redis that works: a busy machine is not what this is about. */
const TIMEOUT_MS = 20_000;

test('10,000 calls for one key in 4 processes make one load, round after round', {
  skip,
}, async () => {
  await using redis = await startRedisServer();
  await using processes = await startCacheProcesses(PROCESSES, {
    redisUrl: redis.url,
    timeoutMs: TIMEOUT_MS,
  });
  for (let round = 1; round <= 5; round++) {
    const order = { key: `key ${round}`, calls: CALLS, loadMs: 50, isShared: true };
    const reports = await processes.stampede(order);
    assert.deepEqual(
      reports.flatMap(({ errors }) => errors),
      [],
    );
    const loads = reports.reduce((sum, report) => sum + report.loads, 0);
    assert.equal(loads, 1, `${loads} loads in round ${round}`);
    const values = new Set(reports.flatMap((report) => report.values));
    assert.equal(values.size, 1, `all have ${[...values].join(' and ')}`);
  }
});

test('what one process purges, by key, tag, prefix or all, every process forgets', {
  skip,
}, async () => {
  await using redis = await startRedisServer();
  await using processes = await startCacheProcesses(PROCESSES, {
    redisUrl: redis.url,
    timeoutMs: TIMEOUT_MS,
  });
  const purges: readonly Purge[] = [
    { kind: 'key', key: 'item:7' },
    { kind: 'tag', tag: 'seven' },
    { kind: 'prefix', prefix: 'item:' },
    { kind: 'all' },
  ];
  for (const [process, purge] of purges.entries()) {
    const order = { calls: 10, loadMs: 5, isShared: true };
    await processes.stampede({ key: 'item:7', tags: ['seven'], ...order });
    await processes.stampede({ key: 'other', ...order });
    assert.ok((await processes.peek('item:7')).every((value) => value !== null));
    assert.equal(await processes.purge(process, purge), 'done');
    await eventually(async () => {
      assert.deepEqual(await processes.peek('item:7'), [null, null, null, null]);
    });
    const others = await processes.peek('other');
    assert.ok(
      others.every((value) => (value === null) === (purge.kind === 'all')),
      purge.kind,
    );
    const again = await processes.stampede({ key: 'item:7', tags: ['seven'], ...order });
    assert.equal(
      again.reduce((sum, { loads }) => sum + loads, 0),
      1,
      'gone from Redis as well',
    );
  }
});
