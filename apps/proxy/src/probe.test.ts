import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createHealth, type Health, type VerdictChange } from '@headgate/balancer';
import { upstreamAddressOf } from './address.ts';
import {
  answering,
  type FakeUpstream,
  silent,
  startFakeUpstream,
} from './fake-upstream.test-support.ts';
import { type Probe, startProbe } from './probe.ts';
import { socketPathFor } from './socket-path.test-support.ts';

/** Long enough never to come while a test runs. */
const NEVER_MS = 3_600_000;

interface Watched {
  readonly probe: Probe;
  readonly health: Health;
  readonly changes: readonly VerdictChange[];
  /** Resolves when the verdict has changed `count` times in all. */
  changed(count: number): Promise<void>;
}

/** Probes `url` until the test is over. */
function watch(
  t: TestContext,
  url: string,
  settings: { intervalMs?: number; timeoutMs?: number; rise?: number; fall?: number } = {},
): Watched {
  const { intervalMs = 10, timeoutMs = 30_000, rise = 1, fall = 1 } = settings;
  const health = createHealth({ rise, fall });
  const changes: VerdictChange[] = [];
  const events = new EventEmitter();
  const probe = startProbe({
    connection: {
      address: upstreamAddressOf(url),
      connectTimeoutMs: 30_000,
      headSizeBytes: 16_384,
    },
    health,
    check: { path: '/health?deep', intervalMs, timeoutMs },
    now: () => performance.now(),
    random: () => 0.5,
    onChange(change) {
      changes.push(change);
      events.emit('change');
    },
  });
  t.after(() => probe.stop());
  const changed = async (count: number) => {
    while (changes.length < count) await once(events, 'change');
  };
  return { probe, health, changes, changed };
}

async function upstreamFor(t: TestContext, answer: FakeUpstream['answer']) {
  const upstream = await startFakeUpstream(answer);
  t.after(() => upstream.close());
  return upstream;
}

function told(changes: readonly VerdictChange[]): string[] {
  return changes.map(({ from, to, reason }) => `${from} to ${to}: ${reason}`);
}

describe('a probe', () => {
  it('asks at once, for the path of the check, on a connection of its own', async (t) => {
    const upstream = await upstreamFor(t, answering(200));
    const { changed, changes } = watch(t, upstream.url, { intervalMs: NEVER_MS });
    await changed(1);
    const [request] = upstream.requests;
    assert.equal(`${request?.method} ${request?.url}`, 'GET /health?deep');
    assert.equal(request?.headers['user-agent'], 'headgate-probe');
    assert.equal(request?.headers.connection, 'close');
    assert.deepEqual(told(changes), ['unknown to healthy: answered']);
  });

  it('asks again and again', async (t) => {
    const upstream = await upstreamFor(t, answering(200));
    const { changes } = watch(t, upstream.url);
    await upstream.asked(4);
    assert.deepEqual(told(changes), ['unknown to healthy: answered']);
  });

  for (const status of [204, 302]) {
    it(`takes ${status} for a good answer`, async (t) => {
      const upstream = await upstreamFor(t, answering(status));
      const { changed, health } = watch(t, upstream.url, { intervalMs: NEVER_MS });
      await changed(1);
      assert.equal(health.verdict, 'healthy');
    });
  }

  for (const status of [404, 500, 503]) {
    it(`takes ${status} for a bad answer`, async (t) => {
      const upstream = await upstreamFor(t, answering(status));
      const { changed, changes } = watch(t, upstream.url, { intervalMs: NEVER_MS });
      await changed(1);
      assert.deepEqual(told(changes), [`unknown to unhealthy: /health?deep answered ${status}`]);
    });
  }

  it('takes an endless answer for a good one, without waiting for the end', async (t) => {
    const upstream = await upstreamFor(t, (_message, response) => {
      const chunk = Buffer.alloc(16_384);
      const more = () => {
        while (response.write(chunk));
      };
      response.on('drain', more).writeHead(200);
      more();
    });
    const { changed, health } = watch(t, upstream.url, { intervalMs: NEVER_MS });
    await changed(1);
    assert.equal(health.verdict, 'healthy');
  });

  it('finds an upstream that fails, and that it has recovered', async (t) => {
    const upstream = await upstreamFor(t, answering(200));
    const { changed, changes } = watch(t, upstream.url, { rise: 2, fall: 3 });
    await changed(1);

    let failures = 0;
    upstream.answer = (_message, response) => {
      failures++;
      response.writeHead(500).end();
    };
    await changed(2);
    assert.equal(failures, 3);

    let answers = 0;
    upstream.answer = (_message, response) => {
      answers++;
      response.end();
    };
    await changed(3);
    assert.equal(answers, 2);
    assert.deepEqual(told(changes), [
      'unknown to healthy: answered',
      'healthy to unhealthy: /health?deep answered 500, 3 times in a row',
      'unhealthy to healthy: answered, 2 times in a row',
    ]);
  });

  it('finds an upstream that takes no connections', async (t) => {
    const upstream = await startFakeUpstream(silent);
    await upstream.close();
    const { changed, changes } = watch(t, upstream.url);
    await changed(1);
    assert.deepEqual(told(changes), [
      'unknown to unhealthy: refused the connection (ECONNREFUSED)',
    ]);
  });

  it('finds an upstream that cuts connections', async (t) => {
    const upstream = await upstreamFor(t, (message) => message.socket.destroy());
    const { changed, changes } = watch(t, upstream.url);
    await changed(1);
    assert.deepEqual(told(changes), ['unknown to unhealthy: cut the connection (UND_ERR_SOCKET)']);
  });

  it('gives up on an upstream that does not answer, and asks again', async (t) => {
    const upstream = await upstreamFor(t, silent);
    const { changed, changes } = watch(t, upstream.url, { timeoutMs: 50 });
    await changed(1);
    assert.deepEqual(told(changes), ['unknown to unhealthy: /health?deep did not answer in 50 ms']);
    upstream.answer = answering(200);
    await changed(2);
    assert.equal(changes[1]?.to, 'healthy');
  });

  it('gives up on an upstream that does not finish its answer', async (t) => {
    const upstream = await upstreamFor(t, (_message, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
    });
    const { changed, changes } = watch(t, upstream.url, { timeoutMs: 50 });
    await changed(1);
    assert.deepEqual(told(changes), ['unknown to unhealthy: /health?deep did not answer in 50 ms']);
  });

  it('finds an upstream that breaks off its answer', async (t) => {
    const upstream = await upstreamFor(t, (message, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => message.socket.destroy());
    });
    const { changed, health } = watch(t, upstream.url);
    await changed(1);
    assert.equal(health.verdict, 'unhealthy');
    assert.match(health.lastReason ?? '', /^(broke off its answer|cut the connection) /);
  });

  it('asks ahead of time when it is told to hurry, once for a burst', async (t) => {
    const upstream = await upstreamFor(t, answering(200));
    const { changed, health, probe } = watch(t, upstream.url, { intervalMs: NEVER_MS });
    await changed(1);
    upstream.answer = answering(500);
    for (let i = 0; i < 10; i++) probe.hurry();
    await changed(2);
    assert.equal(health.verdict, 'unhealthy');
    assert.equal(upstream.requests.length, 2);
    for (let i = 0; i < 10; i++) probe.hurry();
    await upstream.asked(3);
    assert.equal(upstream.requests.length, 3);
  });

  it('does not ask a second time while it waits for an answer', async (t) => {
    const upstream = await upstreamFor(t, silent);
    const { changed, probe } = watch(t, upstream.url, { intervalMs: NEVER_MS, timeoutMs: 300 });
    await upstream.asked(1);
    for (let i = 0; i < 10; i++) probe.hurry();
    await changed(1);
    assert.equal(upstream.requests.length, 1);
  });

  it('hangs up when it is stopped, and says nothing about the upstream', async (t) => {
    const upstream = await upstreamFor(t, silent);
    const { changes, health, probe } = watch(t, upstream.url);
    await upstream.asked(1);
    const hungUp = once(upstream.requests[0]?.socket ?? new EventEmitter(), 'close');
    probe.stop();
    await hungUp;
    probe.hurry();
    assert.deepEqual(changes, []);
    assert.equal(health.lastReason, undefined);
  });

  it('asks nothing when it is stopped before the first question', async (t) => {
    const quiet = await upstreamFor(t, answering(200));
    const other = await upstreamFor(t, answering(200));
    watch(t, quiet.url).probe.stop();
    watch(t, other.url);
    await other.asked(3);
    assert.equal(quiet.requests.length, 0);
  });

  it('asks over a unix socket, for localhost', async (t) => {
    const path = await socketPathFor(t);
    const hosts: unknown[] = [];
    const server = createServer((message, response) => {
      hosts.push(message.headers.host);
      response.end();
    });
    server.listen(path);
    t.after(() => server.close());
    await once(server, 'listening');
    const { changed, changes } = watch(t, `unix:${path}`, { intervalMs: NEVER_MS });
    await changed(1);
    assert.deepEqual(hosts, ['localhost']);
    assert.deepEqual(told(changes), ['unknown to healthy: answered']);
  });

  it('finds that there is no such unix socket', async (t) => {
    const path = await socketPathFor(t);
    const { changed, changes } = watch(t, `unix:${path}`, { intervalMs: NEVER_MS });
    await changed(1);
    assert.deepEqual(told(changes), ['unknown to unhealthy: has no socket at its path (ENOENT)']);
  });

  for (const [host, name] of [
    ['localhost', 'localhost'],
    ['127.0.0.1', 'no name'],
  ] as const) {
    it(`asks ${host} over TLS for ${name}`, async (t) => {
      const names: string[] = [];
      // Without a certificate the handshake fails; what was asked for is known by then.
      const server = createTlsServer();
      server.on('tlsClientError', (_error, socket) => names.push(socket.servername || 'no name'));
      server.listen(0, '127.0.0.1');
      t.after(() => server.close());
      await once(server, 'listening');
      const url = `https://${host}:${(server.address() as AddressInfo).port}`;
      const { changed, health } = watch(t, url, { intervalMs: NEVER_MS });
      await changed(1);
      assert.equal(health.verdict, 'unhealthy');
      assert.deepEqual(names, [name]);
    });
  }
});
