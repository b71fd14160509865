/** Two edges that share a Redis, and all that may happen to it while clients read. */
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BreakableRedis,
  startBreakableRedis,
  startClusteredRedis,
  startWatchedRedis,
} from '../support/breakable-redis.ts';
import { skipWithoutRedis as skip } from '../support/redis-server.ts';
import { type SharedEdges, startSharedEdges, underReaders } from '../support/shared-edges.ts';
import { openTcpLine, type TcpLine } from '../support/tcp-line.ts';

/** Several times what an edge waits for Redis, and several lives of what is read. */
const LONG_MS = 3_000;

interface Stage {
  readonly redis: BreakableRedis;
  /** Between Redis and the second edge. */
  readonly line: TcpLine;
}

interface Misfortune {
  readonly name: string;
  happen(stage: Stage): Promise<void>;
}

const misfortunes: readonly Misfortune[] = [
  {
    name: 'is killed and comes back empty',
    async happen({ redis }) {
      await redis.kill();
      await sleep(LONG_MS);
      await redis.restart();
    },
  },
  {
    name: 'is restarted again and again',
    async happen({ redis }) {
      for (let i = 0; i < 4; i++) {
        await redis.kill();
        await redis.restart();
        await sleep(300);
      }
    },
  },
  {
    name: 'stands still for a while',
    async happen({ redis }) {
      redis.freeze();
      await sleep(LONG_MS);
      redis.thaw();
    },
  },
  {
    name: 'stands still for moments',
    async happen({ redis }) {
      for (let i = 0; i < 10; i++) {
        redis.freeze();
        await sleep(80);
        redis.thaw();
        await sleep(80);
      }
    },
  },
  {
    name: 'is flushed',
    async happen({ redis }) {
      for (let i = 0; i < 5; i++) {
        await redis.command('FLUSHALL');
        await sleep(200);
      }
    },
  },
  {
    name: 'has no memory left',
    async happen({ redis }) {
      await redis.command('CONFIG', 'SET', 'maxmemory', '1');
      await sleep(LONG_MS);
      await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    },
  },
  {
    name: 'drops all its clients',
    async happen({ redis }) {
      for (let i = 0; i < 5; i++) {
        await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
        await sleep(200);
      }
    },
  },
  {
    name: 'is far away from one of them',
    async happen({ line }) {
      line.delay(30);
      await sleep(LONG_MS);
    },
  },
  {
    name: 'answers one of them too late',
    async happen({ line }) {
      line.delay(400);
      await sleep(LONG_MS);
      line.delay(0);
    },
  },
  {
    name: 'cannot be reached by one of them',
    async happen({ line }) {
      line.cut();
      await sleep(LONG_MS);
      line.mend();
    },
  },
  {
    name: 'loses what one of them says',
    async happen({ line }) {
      line.swallow();
      await sleep(LONG_MS);
      line.mend();
    },
  },
];

describe('no request fails and nothing is served past its time when Redis', { skip }, () => {
  let stage: Stage & { readonly edges: SharedEdges };
  const rest = new AsyncDisposableStack();

  before(async () => {
    const redis = rest.use(await startBreakableRedis());
    const line = rest.use(await openTcpLine(redis.port));
    const places = [{ url: redis.url }, { url: `redis://127.0.0.1:${line.port}` }] as const;
    stage = { redis, line, edges: rest.use(await startSharedEdges(places)) };
  });

  after(() => rest.disposeAsync());

  for (const { name, happen } of misfortunes) {
    test(name, async () => {
      await stage.edges.awaitSharing();
      await underReaders(stage.edges, () => happen(stage));
      stage.line.delay(0);
      await stage.edges.awaitSharing();
    });
  }
});

describe('no request fails and nothing is served past its time when a Redis of several', {
  skip,
}, () => {
  test('fails over to its replica, and back', async () => {
    await using redis = await startWatchedRedis();
    const place = { sentinel: redis.place };
    await using edges = await startSharedEdges([place, place]);
    await edges.awaitSharing();
    await underReaders(edges, async () => {
      await redis.first.kill();
      await redis.awaitMaster(redis.second);
      await sleep(500);
      await redis.first.restart();
    });
    await edges.awaitSharing();
  });

  test('moves slots from one to another', async () => {
    await using redis = await startClusteredRedis();
    const place = { cluster: { nodes: redis.nodes } };
    await using edges = await startSharedEdges([place, place]);
    await edges.awaitSharing();
    await underReaders(edges, () => redis.reshard(4_000));
    await edges.awaitSharing();
  });
});
