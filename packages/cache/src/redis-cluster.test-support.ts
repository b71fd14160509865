// A Redis Cluster of three masters, and moving slots between them step by step.

import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { type RedisServer, startRedisServer } from './redis-server.test-support.ts';
import { slotOf } from './redis-slot.ts';
import { until } from './redis-store.test-support.ts';

/** One server of the cluster. */
interface ClusterServer extends RedisServer {
  readonly admin: Redis;
  /** Its id in the cluster. */
  readonly id: string;
}

/** See {@link startCluster}. */
export interface RedisCluster {
  readonly servers: readonly ClusterServer[];
  /** The server that holds `key`. */
  ownerOf(key: string): Promise<ClusterServer>;
  /**
   * Moves the slot of `key` to another server with all that is in it.
   * @param onMoved called when all keys are there and the slot is not yet
   */
  moveSlotOf(key: string, onMoved?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const MASTERS = 3;
/** Servers of a cluster talk to each other on their port and this. */
const BUS_OFFSET = 10_000;

/** Starts the servers, makes them a cluster and waits until all agree. */
export async function startCluster(): Promise<RedisCluster> {
  const ports = await clusterPorts(MASTERS);
  const servers = await Promise.all(ports.map(startOne));
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  await promisify(execFile)('redis-cli', ['--cluster', 'create', ...nodes, '--cluster-yes']);
  const joined = await Promise.all(
    servers.map(async (server) => {
      const admin = new Redis(server.url, { maxRetriesPerRequest: null });
      await until('agreement', async () =>
        /cluster_state:ok/.test(String(await admin.cluster('INFO'))),
      );
      return { ...server, admin, id: String(await admin.call('CLUSTER', 'MYID')) };
    }),
  );

  async function ownerOf(key: string): Promise<ClusterServer> {
    const owners = joined.map(async (server) => {
      const port = await ownerAt(server, slotOf(key));
      return server.port === port ? server : undefined;
    });
    const owner = (await Promise.all(owners)).find((server) => server !== undefined);
    if (owner === undefined) throw new Error(`no server holds the slot of ${key}`);
    return owner;
  }

  return {
    servers: joined,
    ownerOf,
    async moveSlotOf(key, onMoved = async () => {}) {
      const slot = slotOf(key);
      const from = await ownerOf(key);
      const to = joined.find((server) => server !== from && server.port !== 0);
      if (to === undefined) throw new Error('there is nowhere to move a slot to');
      const setSlot = (server: ClusterServer, ...change: string[]) =>
        server.admin.call('CLUSTER', 'SETSLOT', slot, ...change);
      await epochsAgree(joined);
      await setSlot(to, 'IMPORTING', from.id);
      await setSlot(from, 'MIGRATING', to.id);
      for (;;) {
        const keys = (await from.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
        if (keys.length === 0) break;
        await from.admin.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
      }
      await onMoved();
      // The new owner first: until it knows, the old one answers. What servers then hear from each
      // other may be older than this, so it is said until all agree.
      await until('agreement', async () => {
        for (const server of [to, from, ...joined]) await setSlot(server, 'NODE', to.id);
        await epochsAgree(joined);
        const owners = await Promise.all(joined.map((server) => ownerAt(server, slot)));
        return owners.every((owner) => owner === to.port);
      });
    },
    async stop() {
      for (const { admin } of joined) admin.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Waits until no server is about to win slots, or lose them, by an epoch others do not know yet. */
async function epochsAgree(servers: readonly ClusterServer[]): Promise<void> {
  await until('agreement on epochs', async () => {
    const infos = await Promise.all(servers.map(({ admin }) => admin.cluster('INFO')));
    const read = (field: string) =>
      infos.map((info) => new RegExp(`${field}:(\\d+)`).exec(String(info))?.[1]);
    const isOneView = new Set(read('cluster_current_epoch')).size === 1;
    return isOneView && new Set(read('cluster_my_epoch')).size === servers.length;
  });
}

/** The port of the server that holds `slot`, as `server` sees it. */
async function ownerAt(server: ClusterServer, slot: number): Promise<number | undefined> {
  const slots = (await server.admin.cluster('SLOTS')) as unknown as [
    number,
    number,
    [string, number],
  ][];
  return slots.find(([first, last]) => slot >= first && slot <= last)?.[2][1];
}

function startOne(port: number): Promise<RedisServer> {
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const args = [...cluster, '--cluster-require-full-coverage', 'no'];
  return startRedisServer({ port, args });
}

/** Ports below those the system gives away, whose bus ports are free as well. */
async function clusterPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(12_000, 22_000);
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
