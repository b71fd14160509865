// A master, its replica and a Sentinel that fails over as soon as the master has been silent for half
// a second.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import {
  freePorts,
  type RedisServer,
  runUntilReady,
  startRedisServer,
} from './redis-server.test-support.ts';
import { until } from './redis-store.test-support.ts';

/** See {@link startSentinel}. */
export interface WatchedRedis {
  /** The Sentinel. */
  readonly url: string;
  /** What it calls the master. */
  readonly name: string;
  /** Master at the beginning. */
  readonly first: RedisServer;
  /** Its replica at the beginning. */
  readonly second: RedisServer;
  /** To manage the two. */
  readonly admins: readonly [Redis, Redis];
  /** Waits until the Sentinel says that `server` is the master, and `server` knows it. */
  isMaster(server: RedisServer): Promise<void>;
  stop(): Promise<void>;
}

const NAME = 'm';

/** A client that waits for its server, dead or alive. */
function client(port: number): Redis {
  const client = new Redis(port, '127.0.0.1', {
    maxRetriesPerRequest: null,
    retryStrategy: () => 100,
  });
  return client.on('error', () => {});
}

/** Starts all three and waits until the Sentinel knows the replica. */
export async function startSentinel(): Promise<WatchedRedis> {
  const [firstPort = 0, secondPort = 0, sentinelPort = 0] = await freePorts(3);
  const first = await startRedisServer({ port: firstPort });
  const replicaof = [
    '--replicaof',
    '127.0.0.1',
    String(firstPort),
    '--repl-diskless-sync-delay',
    '0',
  ];
  const second = await startRedisServer({ port: secondPort, args: replicaof });
  const [admin, replica] = [client(firstPort), client(secondPort)];
  await until('replication', async () => /state=online/.test(await admin.info('replication')));

  const directory = await mkdtemp(join(tmpdir(), 'headgate-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  await writeFile(
    file,
    [
      `port ${sentinelPort}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${firstPort} 1`,
      `sentinel down-after-milliseconds ${NAME} 500`,
      `sentinel failover-timeout ${NAME} 3000`,
      '',
    ].join('\n'),
  );
  const process = await runUntilReady([file, '--sentinel']);
  const sentinel = client(sentinelPort);
  await until('the Sentinel knowing the replica', async () => {
    const replicas = await sentinel.call('SENTINEL', 'replicas', NAME);
    return String(replicas).includes(String(secondPort));
  });

  return {
    url: `redis://127.0.0.1:${sentinelPort}`,
    name: NAME,
    first,
    second,
    admins: [admin, replica],
    async isMaster(server) {
      await until('the failover', async () => {
        const address = await sentinel.call('SENTINEL', 'get-master-addr-by-name', NAME);
        if (!String(address).endsWith(`,${server.port}`)) return false;
        return /role:master/.test(await (server === first ? admin : replica).info('replication'));
      });
    },
    async stop() {
      for (const each of [admin, replica, sentinel]) each.disconnect();
      process.kill('SIGKILL');
      await Promise.all([first.stop(), second.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
