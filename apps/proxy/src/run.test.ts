import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Loaded } from '@headgate/config';
import { type ProxyConfig, proxySchema } from './config.ts';
import type { RunningEdge } from './edge.ts';
import { run } from './run.ts';

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

/** Runs an edge that exists on paper; `loads` are the results of reading the file, in order. */
function start(loads: Loads[], edge: Partial<RunningEdge> = {}) {
  const told: string[] = [];
  const signals = new Map<string, () => void>();
  const running: RunningEdge = {
    addresses: ['127.0.0.1:8080'],
    adminAddress: undefined,
    apply: async () => {},
    countRefusedReload: () => {},
    drain: async () => {},
    ...edge,
  };
  const exit = run({
    load: async () => loads.shift() ?? bad,
    start: async () => running,
    print: (line) => void told.push(line),
    complain: (line) => void told.push(`! ${line}`),
    onSignal: (signal, act) => void signals.set(signal, act),
  });
  const send = async (signal: string) => {
    while (!signals.has(signal)) await turn();
    signals.get(signal)?.();
    await turn();
  };
  return { told, exit, send };
}

const started = ['listening on http://127.0.0.1:8080', 'limits: 9000 requests in flight', 'ready'];

describe('headgate run', () => {
  it('says where it listens, and drains when it is told to stop', async () => {
    const { told, exit, send } = start([good], { adminAddress: '127.0.0.1:9000' });
    await send('SIGTERM');
    assert.equal(await exit, 0);
    const [listening, ...rest] = started;
    assert.deepEqual(told, [listening, 'admin on http://127.0.0.1:9000', ...rest, 'draining']);
  });

  for (const signal of ['SIGINT', 'disconnect']) {
    it(`drains for ${signal} as well`, async () => {
      const { exit, send } = start([good]);
      await send(signal);
      assert.equal(await exit, 0);
    });
  }

  it('waits for the drain, but not when it is told twice', async () => {
    const drained = Promise.withResolvers<void>();
    const { exit, send } = start([good], { drain: () => drained.promise });
    await send('SIGTERM');
    const early = await Promise.race([exit, turn('still draining')]);
    assert.equal(early, 'still draining');
    await send('SIGINT');
    assert.equal(await exit, 1);
    drained.resolve();
  });

  it('does not start with a config that is broken', async () => {
    const { told, exit } = start([bad]);
    assert.equal(await exit, 1);
    assert.deepEqual(told, ['! routes: missing']);
  });

  it('says why it cannot start', async () => {
    const told: string[] = [];
    const code = await run({
      load: async () => good,
      start: () => Promise.reject(new Error('127.0.0.1:8080 is in use by another process')),
      print: (line) => void told.push(line),
      complain: (line) => void told.push(`! ${line}`),
      onSignal() {},
    });
    assert.equal(code, 1);
    assert.deepEqual(told, ['! 127.0.0.1:8080 is in use by another process']);
  });

  it('reloads on SIGHUP, one reload after the other', async () => {
    const applied = Promise.withResolvers<void>();
    let applying = 0;
    let calls = 0;
    const apply = async () => {
      calls++;
      applying++;
      assert.equal(applying, 1);
      await applied.promise;
      applying--;
    };
    const { told, exit, send } = start([good, good, good], { apply });
    await send('SIGHUP');
    await send('SIGHUP');
    assert.equal(calls, 1);
    applied.resolve();
    await turn();
    assert.deepEqual(told, [...started, 'reloaded', 'reloaded']);
    await send('SIGTERM');
    await exit;
  });

  it('keeps the old configuration when the new one is broken or cannot be applied', async () => {
    const apply = () => Promise.reject(new Error('127.0.0.1:81 may not be bound'));
    const { told, exit, send } = start([good, bad, good], { apply });
    await send('SIGHUP');
    await send('SIGHUP');
    assert.deepEqual(told.slice(started.length), [
      '! reload refused, the old configuration stays:\nroutes: missing',
      '! reload refused, the old configuration stays: 127.0.0.1:81 may not be bound',
    ]);
    await send('SIGTERM');
    assert.equal(await exit, 0);
  });
});
