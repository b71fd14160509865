/** What a value costs from each tier of the data cache, and how often processes load it together. */
import { performance } from 'node:perf_hooks';
import {
  type Cache,
  createCache,
  createMemoryStore,
  createRedisStore,
  type RedisStore,
} from '@headgate/cache';
import { Redis } from 'ioredis';
import { startCacheProcesses } from '../support/cache-processes.ts';
import { eventually } from '../support/eventually.ts';
import { startRedisServer } from '../support/redis-server.ts';
import type { CacheTiersCommand } from './cache-tiers-command-line.ts';
import type { ContestOptions } from './proxy-contest.ts';
import { withRange } from './report.ts';
import { spread } from './summary.ts';
import { formatTable } from './table.ts';

/** Microseconds per call, one figure for each round. */
type CallFigures = Readonly<Record<string, readonly number[]>>;

/** One round of calls for one key from several processes. */
interface StampedeFigure {
  readonly loads: number;
  /** Until the last call was answered. */
  readonly durationMs: number;
}

/** What the JSON file holds. */
export interface CacheTiersRecord {
  readonly date: string;
  readonly node: string;
  readonly command: CacheTiersCommand;
  readonly callUs: CallFigures;
  readonly stampedes: readonly StampedeFigure[];
}

const KEYS = 1_000;
const TTL_MS = 3_600_000;
/** What an item of the sample stack is like. */
const VALUE = { id: 7, title: 'x'.repeat(60), body: 'y'.repeat(200), tags: ['a', 'b'] };

const PROCESSES = 4;
const STAMPEDE_CALLS = 10_000;
const STAMPEDE_LOAD_MS = 100;
/** Longer than any pause of this machine: what is counted is loads, not timeouts. */
const STAMPEDE_TIMEOUT_MS = 20_000;

/** Measures; needs a `redis-server`. Rejects when something that must be there is not found. */
export async function runCacheTiers(
  command: CacheTiersCommand,
  { signal, print }: ContestOptions,
): Promise<CacheTiersRecord> {
  const date = new Date().toISOString();
  print(`${date}, Node ${process.version}, ${command.rounds} rounds`);
  await using redis = await startRedisServer();
  const callUs = await measureCalls(redis.url, command, signal);
  print(callTable(callUs));
  const stampedes = await measureStampedes(redis.url, command.rounds, signal);
  print(stampedeLine(stampedes));
  return { date, node: process.version, command, callUs, stampedes };
}

async function measureCalls(
  url: string,
  { rounds, calls }: CacheTiersCommand,
  signal: AbortSignal,
): Promise<CallFigures> {
  const client = new Redis(url);
  const memory = createMemoryStore({ maxSizeBytes: 64 * 1024 * 1024 });
  const stores = [openRedis(url), openRedis(url)] as const;
  const tiered = createCache({ stores: [memory, stores[0]] });
  const far = createCache({ stores: [stores[1]] });
  try {
    await Promise.all(stores.map(inStep));
    const keys = Array.from({ length: KEYS }, (_, i) => `item:${i}`);
    for (const key of keys) {
      await tiered.set(key, VALUE, { ttlMs: TTL_MS });
      await client.set(key, JSON.stringify(VALUE), 'PX', TTL_MS);
    }
    const kinds = kindsOfCall(tiered, far, client);
    const figures = Object.keys(kinds).map((kind): [string, number[]] => [kind, []]);
    for (let round = -1; round < rounds; round++) {
      for (const [kind, us] of figures) {
        signal.throwIfAborted();
        const call = kinds[kind as keyof typeof kinds];
        const share = call.isFar ? 0.1 : 1;
        const figure = await usPerCall(call.run, keys, Math.ceil(calls * share));
        // The round before the first warms up.
        if (round >= 0) us.push(figure);
      }
    }
    return Object.fromEntries(figures);
  } finally {
    client.disconnect();
    await Promise.all([tiered.close(), far.close()]);
  }
}

function kindsOfCall(tiered: Cache, far: Cache, client: Redis) {
  const missing = () => Promise.reject(new Error('what was kept was not found'));
  const options = { ttlMs: TTL_MS };
  return {
    'await of a promise': { isFar: false, run: () => Promise.resolve(VALUE) },
    'getOrSet, in memory': {
      isFar: false,
      run: (key: string) => tiered.getOrSet(key, missing, options),
    },
    'get, in memory': { isFar: false, run: (key: string) => tiered.get(key) },
    'bare GET of Redis': { isFar: true, run: (key: string) => client.get(key) },
    'bare GET and PTTL, together': {
      isFar: true,
      run: (key: string) => Promise.all([client.pttl(key), client.get(key)]),
    },
    'getOrSet, in Redis': {
      isFar: true,
      run: (key: string) => far.getOrSet(key, missing, options),
    },
  };
}

/** One call after the other, as one request of an application would make them. */
async function usPerCall(
  run: (key: string) => Promise<unknown>,
  keys: readonly string[],
  calls: number,
): Promise<number> {
  let found = 0;
  const startedAtMs = performance.now();
  for (let i = 0; i < calls; i++) {
    if ((await run(keys[i % keys.length] as string)) !== undefined) found += 1;
  }
  const us = ((performance.now() - startedAtMs) * 1e3) / calls;
  if (found !== calls) throw new Error(`${calls - found} of ${calls} calls found nothing`);
  return us;
}

async function measureStampedes(
  redisUrl: string,
  rounds: number,
  signal: AbortSignal,
): Promise<readonly StampedeFigure[]> {
  const timeoutMs = STAMPEDE_TIMEOUT_MS;
  await using processes = await startCacheProcesses(PROCESSES, { redisUrl, timeoutMs });
  const figures: StampedeFigure[] = [];
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    const reports = await processes.stampede({
      key: `cold ${round}`,
      calls: STAMPEDE_CALLS / PROCESSES,
      loadMs: STAMPEDE_LOAD_MS,
      isShared: true,
    });
    const [error] = reports.flatMap(({ errors }) => errors);
    if (error !== undefined) throw new Error(`a call failed: ${error}`);
    figures.push({
      loads: reports.reduce((sum, { loads }) => sum + loads, 0),
      durationMs: Math.max(...reports.map(({ durationMs }) => durationMs)),
    });
  }
  return figures;
}

const openRedis = (url: string) =>
  createRedisStore({ url, prefix: 'bench:', commandTimeoutMs: STAMPEDE_TIMEOUT_MS });

function inStep(store: RedisStore): Promise<void> {
  return eventually(() => {
    if (!store.status().isInStep) throw new Error('Redis has not been read');
  });
}

function callTable(callUs: CallFigures): string {
  const rows = Object.entries(callUs).map(([kind, us]) => [kind, withRange(spread(us), 2)]);
  return formatTable(['one call after the other', 'µs/call'], rows);
}

function stampedeLine(figures: readonly StampedeFigure[]): string {
  const loads = spread(figures.map((one) => one.loads));
  const durationMs = spread(figures.map((one) => one.durationMs));
  return (
    `${STAMPEDE_CALLS} calls for a cold key, ${PROCESSES} processes: ` +
    `${withRange(loads, 0)} loads of ${STAMPEDE_LOAD_MS} ms, all answered in ${withRange(durationMs, 0)} ms`
  );
}
