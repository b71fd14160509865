/** A purge reaches every edge that shares the cache, however long one was cut off. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BreakableRedis,
  startBreakableRedis,
  startWatchedRedis,
} from '../support/breakable-redis.ts';
import { eventually } from '../support/eventually.ts';
import { get } from '../support/raw-client.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';
import { skipWithoutRedis as skip } from '../support/redis-server.ts';
import { answerNow, purge, type SharedEdges, startSharedEdges } from '../support/shared-edges.ts';
import { openTcpLine, type TcpLine } from '../support/tcp-line.ts';

interface Stage extends AsyncDisposable {
  readonly redis: BreakableRedis;
  /** Between Redis and the second edge. */
  readonly line: TcpLine;
  readonly edges: SharedEdges;
  /** Requests the origin has not answered; it keeps them while `isHolding`. */
  readonly held: ReceivedRequest[];
  isHolding: boolean;
}

async function startStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startBreakableRedis());
  const line = stack.use(await openTcpLine(redis.port));
  const places = [{ url: redis.url }, { url: `redis://127.0.0.1:${line.port}` }] as const;
  const held: ReceivedRequest[] = [];
  const edges = stack.use(
    await startSharedEdges(places, (request) => started.isHolding && held.push(request) > 0),
  );
  const rest = stack.move();
  const started: Stage = {
    redis,
    line,
    edges,
    held,
    isHolding: false,
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
  return started;
}

/** Has both edges keep a page; resolves with its path and what it says. */
async function keptByBoth({ first, second, newPath }: SharedEdges) {
  const path = newPath();
  const { text } = await get(first.port, path);
  await eventually(async () => assert.equal((await get(second.port, path)).text, text));
  return { path, text };
}

/** Waits until an edge has forgotten what it had, and fails when that comes back. */
async function awaitForgotten(port: number, path: string, text: string): Promise<void> {
  await eventually(async () => {
    assert.notEqual((await get(port, path)).text, text, 'it is served still');
  }, 40_000);
  // It may be forgotten more than once: for a purge, and for what may have been missed.
  for (let i = 0; i < 20; i++) {
    assert.notEqual((await get(port, path)).text, text, 'it has come back');
    await sleep(10);
  }
}

/** By which a page of these edges can be purged. */
const orders: Readonly<Record<string, (path: string) => object>> = {
  URL: (path) => ({ url: `http://edge.test${path}` }),
  prefix: (path) => ({ prefix: `http://edge.test${path.slice(0, -1)}` }),
  tag: (path) => ({ tag: path }),
  all: () => ({ all: true }),
};

describe('a purge made at one edge', { skip }, () => {
  let stage: Stage;

  before(async () => {
    stage = await startStage();
  });

  after(() => stage[Symbol.asyncDispose]());

  beforeEach(() => stage.edges.awaitSharing());

  for (const [name, orderFor] of Object.entries(orders)) {
    test(`by ${name} is obeyed by the other`, async () => {
      const { first, second } = stage.edges;
      const { path, text } = await keptByBoth(stage.edges);
      assert.equal((await purge(first, orderFor(path))).reach, 'everywhere');
      assert.notEqual((await get(first.port, path)).text, text);
      await awaitForgotten(second.port, path, text);
    });

    test(`by ${name} while the other was cut off is obeyed once it is back`, async () => {
      const { first, second } = stage.edges;
      const { path, text } = await keptByBoth(stage.edges);
      stage.line.cut();
      await purge(first, orderFor(path));
      assert.notEqual((await get(first.port, path)).text, text);
      assert.equal((await get(second.port, path)).text, text, 'it cannot know');
      stage.line.mend();
      await awaitForgotten(second.port, path, text);
    });
  }

  test('while what the other hears is lost is obeyed once it hears again', async () => {
    const { first, second } = stage.edges;
    const { path, text } = await keptByBoth(stage.edges);
    stage.line.swallow();
    await purge(first, { tag: path });
    stage.line.mend();
    await awaitForgotten(second.port, path, text);
  });

  test('while the other was cut off is obeyed though Redis has forgotten it since', async () => {
    const { first, second } = stage.edges;
    const { path, text } = await keptByBoth(stage.edges);
    stage.line.cut();
    await purge(first, { tag: path });
    await stage.redis.command('FLUSHALL');
    stage.line.mend();
    await awaitForgotten(second.port, path, text);
  });

  test('while the other was cut off is obeyed though Redis was restarted empty since', async () => {
    const { first, second } = stage.edges;
    const { path, text } = await keptByBoth(stage.edges);
    stage.line.cut();
    await purge(first, { tag: path });
    await stage.redis.kill();
    await stage.redis.restart();
    stage.line.mend();
    await awaitForgotten(second.port, path, text);
  });

  test('while Redis is away waits for it, and is obeyed by all then', async () => {
    const { first, second } = stage.edges;
    const { path, text } = await keptByBoth(stage.edges);
    await stage.redis.kill();
    assert.equal((await purge(first, { tag: path })).reach, 'queued');
    assert.notEqual((await get(first.port, path)).text, text, 'at once where it was made');
    await stage.redis.restart();
    await awaitForgotten(second.port, path, text);
  });

  test('is not undone by an answer that the other had asked for before', async () => {
    const { edges, held } = stage;
    const { first, second, newPath } = edges;
    const path = newPath();
    stage.isHolding = true;
    const slow = get(second.port, path);
    await eventually(() => assert.equal(held.length, 1));
    stage.isHolding = false;
    await purge(first, { tag: path });
    answerNow(held[0] as ReceivedRequest);
    const { text: old } = await slow;
    // Long enough for what was fetched to be written, were it not dead.
    await sleep(100);
    assert.notEqual((await get(first.port, path)).text, old);
    await awaitForgotten(second.port, path, old);
  });
});

test('a purge that a failover has lost is obeyed by an edge that had not heard of it', {
  skip,
}, async () => {
  await using redis = await startWatchedRedis();
  const place = { sentinel: redis.place };
  await using edges = await startSharedEdges([place, place]);
  const { first, second } = edges;
  await edges.awaitSharing();
  const { path, text } = await keptByBoth(edges);
  // Neither the replica nor the second edge hears of what the master takes from now on.
  redis.second.freeze();
  second.signal('SIGSTOP');
  await redis.first.command('CLIENT', 'KILL', 'TYPE', 'replica');
  await redis.first.command('CLIENT', 'KILL', 'TYPE', 'normal');
  await eventually(async () =>
    assert.equal((await purge(first, { tag: path })).reach, 'everywhere'),
  );
  await redis.first.kill();
  redis.second.thaw();
  await redis.awaitMaster(redis.second);
  second.signal('SIGCONT');
  await awaitForgotten(second.port, path, text);
});
