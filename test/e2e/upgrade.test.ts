/** A new supervisor beside the old one, on the same sockets and under load. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '../support/eventually.ts';
import { type ExactLoad, startExactLoad } from '../support/exact-load.ts';
import { TOKEN } from '../support/operator.ts';
import { configTo, type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { startQuickOrigin } from '../support/quick-origin.ts';

const PER_SECOND = 1_000;

/** Runs `act` on a proxy under load, and ends whoever serves at the end of it. */
async function underLoad(
  act: (proxy: ProxyProcess, load: ExactLoad) => Promise<number>,
): Promise<ExactLoad> {
  await using origin = await startQuickOrigin();
  const upstreams = [{ url: origin.url, maxInFlight: 2_000 }];
  const admin = { address: '127.0.0.1:0', token: TOKEN };
  const config = { ...configTo([], { upstreams }), admin, workers: 2, logLevel: 'warn' } as const;
  const proxy = await startProxy(config, 'supervised');
  const load = startExactLoad({ port: proxy.port, perSecond: PER_SECOND });
  const pids = new Set([proxy.pid]);
  try {
    await sleep(500);
    pids.add(await act(proxy, load));
    await sleep(500);
  } finally {
    await load.stop();
    for (const [, pid] of proxy.stdout.matchAll(/^upgraded to process (\d+)$/gm)) {
      pids.add(Number(pid));
    }
    for (const pid of pids) await end(pid);
    await proxy[Symbol.asyncDispose]();
  }
  assert.equal(load.answered + load.failures.length, load.sent);
  return load;
}

/** Starts a successor; resolves with its process id when it serves. */
async function upgrade(proxy: ProxyProcess): Promise<number> {
  proxy.signal('SIGUSR2');
  return eventually(() => {
    const pid = /^upgraded to process (\d+)$/m.exec(proxy.stdout)?.[1];
    if (!pid) throw new Error(`no upgrade:\n${proxy.stderr}`);
    return Number(pid);
  });
}

/** Drains the workers of `proxy` and waits until they have gone. */
async function retire(proxy: ProxyProcess): Promise<void> {
  proxy.signal('SIGWINCH');
  await proxy.prints('workers are draining');
}

async function end(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  await eventually(() => assert.ok(!isAlive(pid), `process ${pid} has not ended`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('an upgrade fails no request and closes no connection', async (t) => {
  const load = await underLoad(async (proxy) => {
    // What operators have decided goes along.
    proxy.signal('SIGTTIN');
    await proxy.prints('3 workers');
    const successor = await upgrade(proxy);
    await proxy.prints('limits: 27000 requests in flight');
    await retire(proxy);
    const exited = once(proxy.child, 'exit');
    proxy.signal('SIGTERM');
    const [code] = await soon(exited, 'the end of the old supervisor');
    assert.equal(code, 0);
    assert.ok(isAlive(successor));
    return successor;
  });
  t.diagnostic(`${load.sent} requests`);
  assert.deepEqual(load.failures, []);
  assert.equal(load.closedAtRest, 0);
});

test('an upgrade is taken back, and no request fails', async (t) => {
  const load = await underLoad(async (proxy) => {
    const successor = await upgrade(proxy);
    await retire(proxy);
    proxy.signal('SIGHUP');
    await proxy.prints('reloaded');
    await end(successor);
    return proxy.pid;
  });
  t.diagnostic(`${load.sent} requests, ${load.closedAtRest} connections closed at rest`);
  assert.deepEqual(load.failures, []);
});

test('a successor that cannot start changes nothing', async () => {
  const load = await underLoad(async (proxy) => {
    await proxy.file.write('listeners: 5');
    proxy.signal('SIGUSR2');
    await eventually(() => assert.match(proxy.stderr, /no upgrade: the successor exited/));
    return proxy.pid;
  });
  assert.deepEqual(load.failures, []);
  assert.equal(load.closedAtRest, 0);
});

test('a successor that ends by itself leaves the old supervisor serving', async () => {
  const load = await underLoad(async (proxy) => {
    const successor = await upgrade(proxy);
    await retire(proxy);
    process.kill(successor, 'SIGTERM');
    await eventually(() => assert.match(proxy.stderr, /the successor has ended/));
    await proxy.prints('reloaded');
    return proxy.pid;
  });
  const lost = load.failures.filter((why) => /ECONNREFUSED/.test(why));
  assert.deepEqual(lost, []);
});
