import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Loaded } from '@headgate/config';
import type { SignalAction } from '@headgate/supervisor';
import { type ProxyConfig, proxySchema } from './config.ts';
import { type RunDeps, type RunningProxy, run } from './run.ts';

type Loads = Loaded<ProxyConfig>;

const good: Loads = {
  ok: true,
  config: proxySchema.parse({
    listeners: [{ address: '127.0.0.1:8080' }],
    services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
    routes: [{ service: 'items' }],
  }),
  values: [],
};
const bad: Loads = { ok: false, problems: [{ path: 'routes', message: 'missing' }] };

/** Runs a proxy that exists on paper. */
function start(
  proxy: Partial<RunningProxy> = {},
  { opening, ...deps }: Partial<RunDeps> & { readonly opening?: Promise<void> } = {},
) {
  const told: string[] = [];
  const did: string[] = [];
  const does = (what: string) => async () => void did.push(what);
  let act: ((action: SignalAction, signal: string) => void) | undefined;
  let disconnect = () => {};
  let tick = () => {};
  const running: RunningProxy = {
    addresses: ['127.0.0.1:8080'],
    adminAddress: undefined,
    maxInFlight: 9_000,
    hasSuccessor: false,
    reload: does('reload'),
    scale: async (by) => void did.push(`scale ${by}`),
    upgrade: does('upgrade'),
    retire: does('retire'),
    progress: () => ({ connections: 7, inFlight: 2 }),
    stop: async (how) => void did.push(`stop ${how}`),
    ...proxy,
  };
  const exit = run({
    load: async () => good,
    open: async () => {
      await opening;
      return running;
    },
    print: (line) => void told.push(line),
    complain: (line) => void told.push(`! ${line}`),
    onAction: (_context, listener) => {
      act = listener;
    },
    onDisconnect: (listener) => {
      disconnect = listener;
    },
    every(_periodMs, act) {
      tick = act;
      return () => {
        tick = () => void told.push('! ticks after the end');
      };
    },
    ...deps,
  });
  const send = async (action: SignalAction | 'disconnect') => {
    await turn();
    assert.ok(act);
    if (action === 'disconnect') disconnect();
    else act(action, `SIG${action}`);
    await turn();
  };
  return { told, did, exit, send, ticks: () => tick() };
}

const started = ['listening on http://127.0.0.1:8080', 'limits: 9000 requests in flight', 'ready'];

describe('headgate run', () => {
  it('says where it listens, and drains when it is told to stop', async () => {
    const { told, did, exit, send } = start({ adminAddress: '127.0.0.1:9000' });
    await send('stop');
    assert.equal(await exit, 0);
    const [listening, ...rest] = started;
    assert.deepEqual(told, [listening, 'admin on http://127.0.0.1:9000', ...rest, 'draining']);
    assert.deepEqual(did, ['stop graceful']);
  });

  it('drains when the process that started it has gone', async () => {
    const { did, exit, send } = start();
    await send('disconnect');
    assert.equal(await exit, 0);
    assert.deepEqual(did, ['stop graceful']);
  });

  it('waits for the drain, but not when it is told twice', async () => {
    const drained = Promise.withResolvers<void>();
    const stop = (how: string) => (how === 'quick' ? Promise.resolve() : drained.promise);
    const { exit, send } = start({ stop });
    await send('stop');
    const early = await Promise.race([exit, turn('still draining')]);
    assert.equal(early, 'still draining');
    await send('stop-quick');
    assert.equal(await exit, 1);
    drained.resolve();
  });

  it('says that it was told twice also when the drain is over first', async () => {
    const drained = Promise.withResolvers<void>();
    const stop = (how: string) => (how === 'quick' ? new Promise<void>(() => {}) : drained.promise);
    const { exit, send } = start({ stop });
    await send('stop');
    await send('stop-quick');
    drained.resolve();
    assert.equal(await exit, 1);
  });

  it('says what is still open when a drain takes long', async () => {
    const drained = Promise.withResolvers<void>();
    const { told, exit, send, ticks } = start({ stop: () => drained.promise });
    await send('stop');
    ticks();
    assert.equal(told.at(-1), 'draining: 2 requests in flight on 7 connections');
    drained.resolve();
    assert.equal(await exit, 0);
  });

  it('ends at once when it is told so', async () => {
    const { did, exit, send } = start();
    await send('stop-quick');
    assert.equal(await exit, 0);
    assert.deepEqual(did, ['stop quick']);
  });

  it('does not start with a config that is broken', async () => {
    const { told, exit } = start({}, { load: async () => bad });
    assert.equal(await exit, 1);
    assert.deepEqual(told, ['! routes: missing']);
  });

  it('says why it cannot start', async () => {
    const open = () => Promise.reject(new Error('127.0.0.1:8080 is in use by another process'));
    const { told, exit } = start({}, { open });
    assert.equal(await exit, 1);
    assert.deepEqual(told, ['! 127.0.0.1:8080 is in use by another process']);
  });

  it('ends at once when it is told to stop before it serves', async () => {
    for (const action of ['stop', 'stop-quick', 'disconnect'] as const) {
      const { told, did, exit, send } = start({}, { open: () => new Promise(() => {}) });
      await send(action);
      assert.equal(await exit, 0);
      assert.deepEqual(told, ['stopping']);
      assert.deepEqual(did, []);
    }
  });

  it('does what was asked for during the start when that is over', async () => {
    const opened = Promise.withResolvers<void>();
    const { told, did, exit, send } = start({}, { opening: opened.promise });
    await send('reload');
    assert.deepEqual(did, []);
    opened.resolve();
    await send('add-worker');
    assert.deepEqual(did, ['reload', 'scale 1']);
    assert.deepEqual(told, started);
    await send('stop');
    assert.equal(await exit, 0);
  });

  it('does what each signal asks for', async () => {
    const { did, exit, send } = start();
    for (const action of ['reload', 'add-worker', 'remove-worker', 'upgrade'] as const) {
      await send(action);
    }
    await send('drain-workers');
    assert.deepEqual(did, ['reload', 'scale 1', 'scale -1', 'upgrade', 'retire']);
    await send('stop');
    await exit;
  });

  it('says which signal could not be obeyed, and why', async () => {
    const scale = () => Promise.reject(new Error('there is one worker, the last'));
    const { told, exit, send } = start({ scale });
    await send('remove-worker');
    assert.deepEqual(told.slice(started.length), [
      '! SIGremove-worker: there is one worker, the last',
    ]);
    await send('stop');
    assert.equal(await exit, 0);
  });
});
