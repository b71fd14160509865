import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerAnswer } from '@headgate/supervisor';
import { type EffectiveConfig, type ProxyConfigInput, proxySchema } from '../config.ts';
import type { Found } from '../discovery/expand.ts';
import { ControlPlane } from './control.ts';
import { createControlMetrics } from './control-metrics.ts';
import type { Fleet, FleetResult } from './fleet.ts';

const ENTRY = 'dns http://items.test:4001';

/** That the name of the only entry has this address. */
function foundAt(address: string): Found {
  return new Map([[ENTRY, [{ url: `http://${address}:4001`, weight: 1 }]]]);
}

const config = proxySchema.parse({
  listeners: [{ address: '127.0.0.1:0' }],
  services: { items: { upstreams: [{ dns: 'http://items.test:4001' }] } },
  routes: [{ service: 'items' }],
} satisfies ProxyConfigInput);

/** A control plane over one worker, which takes or refuses what it is told. */
function start() {
  const state = {
    isRefusing: false,
    /** What the worker runs: the addresses of its only service. */
    runs: [] as string[],
    /** What a reload comes with. */
    follow: async () => ({
      found: foundAt('10.0.0.1'),
      keep: async () => {},
      putBack: async () => {},
    }),
    /** When, and how, a restart ends. */
    restart: Promise.resolve<FleetResult>({ ok: true }),
    /** How a change of the number of workers ends. */
    scaling: { ok: true } as FleetResult,
    scaledTo: [] as number[],
    /** What the file says. */
    file: config,
    scheduled: [] as (() => void)[],
    /** What the worker says to a purge. */
    purged: undefined as WorkerAnswer | undefined,
    complaints: [] as string[],
  };
  const fleet: Fleet = {
    list: () => [
      {
        id: 1,
        pid: 1,
        state: 'ready',
        ageMs: 0,
        connections: 0,
        inFlight: 0,
        requests: 0,
        memoryBytes: undefined,
      },
    ],
    async ask(subject, body) {
      if (subject === 'purge') return state.purged ? [state.purged] : [];
      if (state.isRefusing) return [{ worker: 1, ok: false, message: 'it does not answer' }];
      const { upstreams = [] } = (body as EffectiveConfig).services.items ?? {};
      state.runs = upstreams.map(({ url }) => url);
      return [{ worker: 1, ok: true, body: undefined }];
    },
    restart: () => state.restart,
    async scale(workers) {
      state.scaledTo.push(workers);
      return state.scaling;
    },
    configure: () => {},
  };
  const plane = new ControlPlane(
    config,
    {
      file: 'headgate.config.yaml',
      version: '0.0.0',
      pid: 1,
      now: () => 0,
      epochMs: () => 0,
      load: async () => ({ ok: true, config: state.file, values: [] }),
      log: {
        debug() {},
        info() {},
        warn() {},
        error: (_message, fields) => state.complaints.push((fields as { why: string }).why),
        setLevel() {},
      },
      metrics: createControlMetrics(),
      workers: 1,
      follow: () => state.follow(),
      schedule(_delayMs, act) {
        state.scheduled.push(act);
        return () => {};
      },
      print() {},
      complain() {},
    },
    foundAt('10.0.0.1'),
  );
  plane.attach(fleet);
  /** The time of everything scheduled so far has come. */
  const later = async () => {
    for (const act of state.scheduled.splice(0)) act();
    await plane.settled();
  };
  return { plane, state, later };
}

describe('what discovery finds', () => {
  test('is in force in every worker', async () => {
    const { plane, state } = start();
    plane.discovered(foundAt('10.0.0.2'));
    await plane.settled();
    assert.deepEqual(state.runs, ['http://10.0.0.2:4001']);
    assert.deepEqual(state.scheduled, []);
  });

  test('is tried again until it can be put in force', async () => {
    const { plane, state, later } = start();
    state.isRefusing = true;
    plane.discovered(foundAt('10.0.0.2'));
    await plane.settled();
    await later();
    assert.deepEqual(state.complaints, ['it does not answer', 'it does not answer']);
    state.isRefusing = false;
    await later();
    assert.deepEqual(state.runs, ['http://10.0.0.2:4001']);
    assert.deepEqual(state.scheduled, []);
  });

  test('is not tried again when something newer was found', async () => {
    const { plane, state, later } = start();
    state.isRefusing = true;
    plane.discovered(foundAt('10.0.0.2'));
    await plane.settled();
    state.isRefusing = false;
    plane.discovered(foundAt('10.0.0.3'));
    await plane.settled();
    await later();
    assert.deepEqual(state.runs, ['http://10.0.0.3:4001']);
  });

  test('before a reload has asked for itself is older than what the reload comes with', async () => {
    const { plane, state } = start();
    const asking = Promise.withResolvers<void>();
    state.follow = async () => {
      await asking.promise;
      return { found: foundAt('10.0.0.3'), keep: async () => {}, putBack: async () => {} };
    };
    const reloaded = plane.reload();
    plane.discovered(foundAt('10.0.0.2'));
    asking.resolve();
    await reloaded;
    await plane.settled();
    assert.deepEqual(state.runs, ['http://10.0.0.3:4001']);
  });

  test('while a reload is put in force is newer than what the reload comes with', async () => {
    const { plane, state } = start();
    state.follow = async () => ({
      found: foundAt('10.0.0.2'),
      keep: async () => plane.discovered(foundAt('10.0.0.3')),
      putBack: async () => {},
    });
    await plane.reload();
    await plane.settled();
    assert.deepEqual(state.runs, ['http://10.0.0.3:4001']);
  });

  test('survives a reload that is refused', async () => {
    const { plane, state } = start();
    state.follow = async () => {
      plane.discovered(foundAt('10.0.0.2'));
      throw new Error('127.0.0.1:9090 (admin.address) is in use');
    };
    await plane.reload();
    await plane.settled();
    assert.deepEqual(state.runs, ['http://10.0.0.2:4001']);
  });
});

test('a purge waits for no other change', async () => {
  const { plane, state } = start();
  const following = Promise.withResolvers<never>();
  state.follow = () => following.promise;
  const reloaded = plane.reload();
  state.purged = { worker: 1, ok: true, body: 'here' };
  const purged = await plane.purge({ kind: 'all' });
  assert.ok(purged.ok);
  assert.deepEqual([purged.workers, purged.reach], [1, 'here']);
  following.reject(new Error('127.0.0.1:9090 (admin.address) is in use'));
  assert.ok(!(await reloaded).ok);
});

test('no change waits for workers that take their time to leave', async () => {
  const { plane, state } = start();
  const leaving = Promise.withResolvers<FleetResult>();
  state.restart = leaving.promise;
  const restarted = plane.restart();
  plane.discovered(foundAt('10.0.0.2'));
  const upstream = 'http://10.0.0.2:4001';
  await plane.settled();
  assert.ok((await plane.operate({ service: 'items', upstream, action: 'drain' })).ok);
  assert.deepEqual(state.runs, [upstream]);
  leaving.resolve({ ok: true });
  assert.deepEqual(await restarted, { ok: true, changed: ['every worker was replaced'] });
});

test('a number of workers that cannot be had refuses nothing else, and is tried again', async () => {
  const { plane, state } = start();
  state.file = { ...config, workers: 3 };
  state.scaling = { ok: false, why: 'worker 3 was not ready after 30000 ms' };
  assert.deepEqual(await plane.reload(), {
    ok: false,
    status: 409,
    why: 'the new configuration is in force, but not its number of workers: worker 3 was not ready after 30000 ms',
  });
  assert.equal(plane.config().workers, 3);
  assert.equal(plane.workersAsked, 1);
  assert.equal(plane.status().config.lastRefusal, undefined);
  state.scaling = { ok: true };
  assert.ok((await plane.reload()).ok);
  assert.equal(plane.workersAsked, 3);
  assert.ok((await plane.reload()).ok);
  assert.deepEqual(state.scaledTo, [3, 3]);
});

test('a worker that does not take what changed during its start is told of', async () => {
  const { plane, state } = start();
  const generation = plane.generation;
  assert.ok((await plane.reload()).ok);
  state.isRefusing = true;
  plane.catchUp(1, generation);
  await plane.settled();
  assert.deepEqual(state.complaints, ['it does not answer']);
});
