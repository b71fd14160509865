// Finding the master that Sentinels agree on, anew for each connection: whatever happened since the
// last one, a failover or three, costs no more than asking again.

import { type OpenOptions, openRedis, type RedisConnection } from './redis-connection.ts';
import { parseAddress, type RedisAddress, type SentinelPlace } from './redis-place.ts';

/**
 * Opens a connection to the present master. All Sentinels are asked at once and the first to answer
 * is believed, so one that is dead or silent costs nothing; the server it names must itself say that
 * it is a master, because Sentinels learn of a failover at different times.
 * @throws when no Sentinel knows the master in time, or the server they name is not one
 */
export async function openSentinelMaster(
  place: SentinelPlace,
  options: OpenOptions,
): Promise<RedisConnection> {
  const { name, nodes, username, password, db, sentinelPassword } = place;
  const sentinels = nodes.map(parseAddress);
  const found = await firstMaster(
    name,
    sentinels.map((sentinel) =>
      sentinelPassword === undefined ? sentinel : { ...sentinel, password: sentinelPassword },
    ),
    options,
  );
  const master: RedisAddress = {
    ...found,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(db !== undefined && { db }),
  };
  const connection = await openRedis(master, options);
  try {
    const [role] = await connection.call([['ROLE']]);
    if (Array.isArray(role) && String(role[0]) === 'master') return connection;
    throw new Error(
      `${found.host}:${found.port} is no master though a Sentinel calls it "${name}": a failover is under way`,
    );
  } catch (error) {
    await connection.end();
    throw error;
  }
}

async function firstMaster(
  name: string,
  sentinels: readonly RedisAddress[],
  { timeoutMs, signal }: OpenOptions,
): Promise<RedisAddress> {
  const others = new AbortController();
  const giveUp = AbortSignal.any(signal ? [signal, others.signal] : [others.signal]);
  const asked = sentinels.map((sentinel) => ask(name, sentinel, { timeoutMs, signal: giveUp }));
  try {
    return await Promise.any(asked);
  } catch (error) {
    signal?.throwIfAborted();
    const reasons = error instanceof AggregateError ? error.errors.map(String).join('; ') : error;
    throw new Error(`no Sentinel tells where "${name}" is: ${reasons}`, { cause: error });
  } finally {
    others.abort();
    await Promise.allSettled(asked);
  }
}

async function ask(
  name: string,
  sentinel: RedisAddress,
  options: OpenOptions,
): Promise<RedisAddress> {
  const connection = await openRedis(sentinel, options);
  const leave = () => void connection.end();
  options.signal?.addEventListener('abort', leave);
  try {
    const [address] = await connection.call([['SENTINEL', 'get-master-addr-by-name', name]]);
    if (!Array.isArray(address)) {
      throw new Error(`${sentinel.host}:${sentinel.port} watches no master called "${name}"`);
    }
    const [host, port] = address.map(String);
    return { host: host ?? '', port: Number(port), isTls: sentinel.isTls };
  } finally {
    options.signal?.removeEventListener('abort', leave);
    await connection.end();
  }
}
