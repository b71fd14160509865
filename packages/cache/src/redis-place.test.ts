import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClusterLink } from './redis-cluster.ts';
import type { RedisAddress } from './redis-place.ts';
import { parseAddress } from './redis-place.ts';
import { openSentinelMaster } from './redis-sentinel.ts';
import {
  freePorts,
  skipWithoutRedisServer as skip,
  startRedisServer,
} from './redis-server.test-support.ts';
import { find, inStep, keep, until } from './redis-store.test-support.ts';
import { createRedisStore } from './redis-store.ts';

test('an address in its parts', () => {
  assert.deepEqual(parseAddress('redis://host'), { host: 'host', port: 6379, isTls: false });
  assert.deepEqual(parseAddress('rediss://me:p%40ss@10.0.0.1:7000'), {
    host: '10.0.0.1',
    port: 7000,
    isTls: true,
    username: 'me',
    password: 'p@ss',
  });
  assert.deepEqual(parseAddress('redis://[::1]:7'), { host: '::1', port: 7, isTls: false });
  for (const text of ['', 'host:6379', 'http://host', 'redis://', '/run/redis.sock']) {
    assert.throws(() => parseAddress(text), TypeError, text);
  }
});

test('every server of a cluster is met with the name and password of the first', async () => {
  for (const [password, expected] of [
    [undefined, 'in the address'],
    ['of its own', 'of its own'],
  ] as const) {
    const opened: RedisAddress[] = [];
    const link = createClusterLink({
      place: {
        nodes: ['rediss://me:in%20the%20address@a:1', 'rediss://b:2'],
        ...(password && { password }),
      },
      open: async (address) => {
        opened.push(address);
        throw new Error('down');
      },
      now: () => 0,
      random: () => 0,
    });
    await assert.rejects(link.send('key', [['GET', 'key']]), /down/);
    assert.deepEqual(
      opened.map(({ host, port, username, password, isTls }) => [
        host,
        port,
        username,
        password,
        isTls,
      ]),
      [
        ['a', 1, 'me', expected, true],
        ['b', 2, 'me', expected, true],
      ],
    );
    await link.close();
  }
});

test('a password is asked for, and given', { skip }, async (t) => {
  const [port = 0] = await freePorts(1);
  const server = await startRedisServer({ port, args: ['--requirepass', 'secret'] });
  t.after(() => server.stop());
  const stranger = createRedisStore({ url: server.url, prefix: 't:' });
  t.after(() => stranger.close());
  await until('being refused', () => /NOAUTH/.test(String(stranger.status().lastError)));
  assert.equal(await stranger.get('a'), undefined);
  const friend = createRedisStore({ url: `redis://:secret@127.0.0.1:${port}`, prefix: 't:' });
  t.after(() => friend.close());
  await inStep(friend);
  await keep(friend, 'a', 1);
  assert.equal(await find(friend, 'a'), 1);
});

test('when no Sentinel answers, what each of them said is told', async () => {
  const [first, second] = await freePorts(2);
  const nodes = [`redis://127.0.0.1:${first}`, `redis://127.0.0.1:${second}`];
  await assert.rejects(openSentinelMaster({ name: 'm', nodes }, { timeoutMs: 2_000 }), (error) => {
    assert.match(String(error), new RegExp(`where "m" is: .*${first}.*; .*${second}`));
    return true;
  });
});
