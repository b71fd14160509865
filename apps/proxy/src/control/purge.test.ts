import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WorkerAnswer } from '@headgate/supervisor';
import type { PurgeOrder } from '../edge-cache/purge-order.ts';
import type { WorkerReport } from './control-api.ts';
import type { Fleet } from './fleet.ts';
import { describeOrder, purgeFleet } from './purge.ts';

const ORDER: PurgeOrder = { kind: 'tags', tags: ['items'] };

/** Workers by number, in these states when all have answered, with these answers. */
function fleetOf(
  states: Readonly<Record<number, WorkerReport['state']>>,
  answers: readonly WorkerAnswer[],
) {
  const asked: unknown[] = [];
  const facts = { pid: 1, ageMs: 0, connections: 0, inFlight: 0, requests: 0 };
  const fleet: Fleet = {
    list: () =>
      Object.entries(states).map(([id, state]) => ({
        id: Number(id),
        state,
        ...facts,
        memoryBytes: undefined,
      })),
    async ask(...question) {
      asked.push(question);
      return answers;
    },
    restart: async () => ({ ok: true }),
    scale: async () => ({ ok: true }),
    configure: () => {},
  };
  return { fleet, asked };
}

function took(worker: number, body: unknown): WorkerAnswer {
  return { worker, ok: true, body };
}

describe('a purge', () => {
  it('is told to everybody there is', async () => {
    const { fleet, asked } = fleetOf({ 1: 'ready', 2: 'ready' }, [
      took(1, 'here'),
      took(2, 'here'),
    ]);
    assert.deepEqual(await purgeFleet(fleet, ORDER), {
      ok: true,
      changed: ['tag items: forgotten by 2 workers'],
      workers: 2,
      reach: 'here',
    });
    assert.deepEqual(asked, [['purge', ORDER, 'all']]);
  });

  it('has come as far as the worker where it came least', async () => {
    const { fleet } = fleetOf({}, [took(1, 'everywhere'), took(2, 'queued'), took(3, 'here')]);
    const queued = await purgeFleet(fleet, ORDER);
    assert.ok(queued.ok);
    assert.equal(queued.reach, 'queued');
    assert.match(`${queued.changed}`, /is told when it is in reach again$/);
    const { fleet: shared } = fleetOf({}, [took(1, 'everywhere'), took(2, 'everywhere')]);
    const everywhere = await purgeFleet(shared, ORDER);
    assert.ok(everywhere.ok);
    assert.equal(everywhere.reach, 'everywhere');
    assert.match(`${everywhere.changed}`, /2 workers and all who share the Redis$/);
  });

  it('fails when a worker that serves has not taken it', async () => {
    const silent: WorkerAnswer = { worker: 2, ok: false, message: 'no answer within 5000 ms' };
    for (const state of ['ready', 'draining'] as const) {
      const { fleet } = fleetOf({ 1: 'ready', 2: state }, [took(1, 'here'), silent]);
      assert.deepEqual(await purgeFleet(fleet, ORDER), {
        ok: false,
        status: 503,
        why: 'not every worker has taken it, and may still serve it: worker 2: no answer within 5000 ms; ask again, as purging twice does no harm',
      });
    }
  });

  it('is none of the business of a worker that has ended meanwhile, or only begins', async () => {
    const gone: WorkerAnswer = { worker: 2, ok: false, message: 'worker 2 ended' };
    const { fleet } = fleetOf({ 1: 'ready', 3: 'starting' }, [
      took(1, 'everywhere'),
      gone,
      took(3, undefined),
    ]);
    const result = await purgeFleet(fleet, ORDER);
    assert.ok(result.ok);
    assert.deepEqual([result.workers, result.reach], [1, 'everywhere']);
  });

  it('fails when nobody is there to take it', async () => {
    for (const answers of [[], [took(1, undefined)]]) {
      const result = await purgeFleet(fleetOf({ 1: 'starting' }, answers).fleet, ORDER);
      assert.ok(!result.ok);
      assert.equal(result.status, 503);
      assert.match(result.why, /^no worker is there that could take it; ask again/);
    }
  });

  it('is described in few words', () => {
    const many = Array.from({ length: 100 }, (_, i) => `t${i}`);
    const described: [PurgeOrder, string][] = [
      [{ kind: 'url', url: 'http://a/b' }, 'url http://a/b'],
      [{ kind: 'prefix', prefix: 'http://a/' }, 'prefix http://a/'],
      [{ kind: 'tags', tags: ['a'] }, 'tag a'],
      [{ kind: 'tags', tags: ['a', 'b'] }, 'tags a, b'],
      [{ kind: 'tags', tags: many }, 'tags t0, t1, t2, t3, t4 and 95 more'],
      [{ kind: 'all' }, 'everything'],
    ];
    for (const [order, words] of described) assert.equal(describeOrder(order), words);
    const long = describeOrder({ kind: 'url', url: `http://a/${'b'.repeat(9_000)}` });
    assert.ok(long.length < 220 && long.endsWith('…'), long);
  });
});
