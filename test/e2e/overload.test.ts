/** More to do than upstreams can: who waits, who is served first, and who is told to come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitInFlight, readMetric } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient, type RawResponse } from '../support/raw-client.ts';
import {
  answerOk,
  type ReceivedRequest,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';
import { steadyRequests } from '../support/steady-requests.ts';

/** An origin that works on `concurrency` requests at a time, the oldest first, as most do. */
function workOn(concurrency: number, workMs: number) {
  const queue: ReceivedRequest[] = [];
  const seen = { working: 0, mostWaiting: 0 };
  const begin = () => {
    const next = seen.working < concurrency ? queue.shift() : undefined;
    if (!next) return;
    seen.working++;
    setTimeout(() => {
      next.answer('ok');
      seen.working--;
      begin();
    }, workMs);
  };
  const script: Script = (request) => {
    queue.push(request);
    seen.mostWaiting = Math.max(seen.mostWaiting, queue.length);
    begin();
  };
  return { script, seen };
}

/** Takes requests and answers them when the test says so. */
function hold() {
  const held: ReceivedRequest[] = [];
  const release = () => {
    for (const request of held.splice(0)) request.answer('ok');
  };
  return { held, release, script: (request: ReceivedRequest) => held.push(request) };
}

function assertShed(response: RawResponse): void {
  assert.equal(response.status, 503);
  assert.match(response.header('retry-after') ?? '', /^[1-9]\d?$/);
  assert.equal(response.header('content-type'), 'application/problem+json');
  assert.equal((JSON.parse(response.text) as { kind: string }).kind, 'overloaded');
}

/** Waits until so many clients are left. */
async function awaitClients(proxy: ProxyProcess, expected: number): Promise<void> {
  await eventually(async () => {
    const [open] = await readMetric(proxy, 'headgate_client_connections');
    assert.equal(open?.value, expected);
  });
}

/** So many GETs at once, each on a connection of its own. */
function getMany(proxy: ProxyProcess, count: number): Promise<RawResponse[]> {
  return Promise.all(Array.from({ length: count }, () => get(proxy.port)));
}

test('an upstream has never more than its maxInFlight, and the others wait', async () => {
  const { script, seen } = workOn(1, 10);
  await using origin = await startOrigin(script);
  const upstreams = [{ url: origin.url, maxInFlight: 1 }];
  await using proxy = await startProxyTo([], { upstreams });
  for (let round = 0; round < 10; round++) {
    const responses = await getMany(proxy, 3);
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 200, 200],
    );
  }
  assert.equal(seen.mostWaiting, 1, 'it was asked while it worked');
});

for (const [what, limitsOf] of [
  [
    'its upstreams',
    (urls: string[]) => ({ upstreams: urls.map((url) => ({ url, maxInFlight: 1 })) }),
  ],
  ['a service', (urls: string[]) => ({ upstreams: urls.map((url) => ({ url })), maxInFlight: 2 })],
] as const) {
  test(`what is beyond the limit of ${what} is shed, with a time to come back`, async () => {
    const { held, release, script } = hold();
    await using first = await startOrigin(script);
    await using second = await startOrigin(script);
    await using proxy = await startProxyTo([], limitsOf([first.url, second.url]));
    const served = getMany(proxy, 2);
    await eventually(() => assert.equal(held.length, 2));
    for (const response of await getMany(proxy, 12)) assertShed(response);
    assert.equal(held.length, 2);
    release();
    for (const { status } of await served) assert.equal(status, 200);
    await awaitInFlight(proxy, 0);
    const ends = await readMetric(proxy, 'headgate_request_ends_total');
    assert.equal(ends.find(({ labels }) => labels.stage === 'admit')?.value, 12);
  });
}

test('one that waits and leaves is not sent to anybody', async () => {
  const { held, release, script } = hold();
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo([origin.url], { maxInFlight: 1 });
  const served = get(proxy.port);
  await eventually(() => assert.equal(held.length, 1));
  for (let i = 0; i < 20; i++) {
    await using client = await openClient(proxy.port);
    client.send(getText());
    await sleep(5);
    client.reset();
  }
  await awaitClients(proxy, 1);
  release();
  assert.equal((await served).status, 200);
  origin.script = answerOk;
  assert.equal((await get(proxy.port)).status, 200);
  assert.equal(origin.requests.length, 2);
});

test('an upgrade that waits and leaves is not sent to anybody', async () => {
  const { held, release, script } = hold();
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo([origin.url], { maxInFlight: 1 });
  const served = get(proxy.port);
  await eventually(() => assert.equal(held.length, 1));
  const upgrade = [
    'GET / HTTP/1.1',
    'Host: a',
    'Connection: Upgrade',
    'Upgrade: websocket',
    '',
    '',
  ];
  for (const leave of ['reset', 'end'] as const) {
    for (let i = 0; i < 5; i++) {
      await using client = await openClient(proxy.port);
      client.send(upgrade.join('\r\n'));
      await sleep(10);
      if (leave === 'reset') client.reset();
      else client.socket.end();
    }
  }
  await awaitClients(proxy, 1);
  release();
  assert.equal((await served).status, 200);
  await awaitInFlight(proxy, 0);
  assert.equal(origin.requests.length, 1);
});

test('an upgrade that cannot be served soon is shed like any other request', async () => {
  const { held, release, script } = hold();
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo([origin.url], { maxInFlight: 1 });
  const served = get(proxy.port);
  await eventually(() => assert.equal(held.length, 1));
  const lines = ['Connection: Upgrade', 'Upgrade: websocket'];
  assertShed(await get(proxy.port, '/', ...lines));
  release();
  await served;
});

test('who is important is served, and the others make room', async () => {
  const { script } = workOn(1, 10);
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo(
    [],
    { upstreams: [{ url: origin.url, maxInFlight: 1 }] },
    {
      routes: [
        { match: { path: '/high' }, service: 'app', priority: 'high' },
        { service: 'app', priority: 'low' },
      ],
    },
  );
  let isOver = false;
  let shed = 0;
  const flood = Array.from({ length: 12 }, async () => {
    await using client = await openClient(proxy.port);
    while (!isOver) {
      client.send(getText('/low'));
      const { status } = await client.response();
      if (status === 200) continue;
      shed++;
      await sleep(20);
    }
  });
  for (let i = 0; i < 40; i++) assert.equal((await get(proxy.port, '/high')).status, 200);
  isOver = true;
  await Promise.all(flood);
  assert.ok(shed > 0, 'there was room for everybody');
});

test('an origin that queues has a limit found for it, and keeps answering in time', async () => {
  const WORK_MS = 20;
  const CONCURRENCY = 4;
  const { script, seen } = workOn(CONCURRENCY, WORK_MS);
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo([origin.url]);
  // What it is like when it has little to do.
  await steadyRequests(proxy.port, 2, 100);
  let isOver = false;
  let isMeasured = false;
  const tookMs: number[] = [];
  let shed = 0;
  const flood = Array.from({ length: 150 }, async () => {
    await using client = await openClient(proxy.port);
    while (!isOver) {
      const startedMs = performance.now();
      client.send(getText());
      const response = await client.response();
      if (response.status === 200) {
        if (isMeasured) tookMs.push(performance.now() - startedMs);
        continue;
      }
      assertShed(response);
      if (isMeasured) shed++;
      await sleep(200);
    }
  });
  await eventually(async () => {
    const [limit] = await readMetric(proxy, 'headgate_upstream_limit');
    assert.ok(limit && Number.isFinite(limit.value), 'no limit is in force');
  });
  // What was sent before there was a limit is answered first.
  await sleep(1_500);
  seen.mostWaiting = 0;
  isMeasured = true;
  await sleep(2_000);
  isMeasured = false;
  isOver = true;
  await Promise.all(flood);
  // Timers are late on a busy machine, so the origin does less than it says.
  const best = (2_000 / WORK_MS) * CONCURRENCY;
  assert.ok(tookMs.length > best / 3, `${tookMs.length} answers, ${best} at best`);
  assert.ok(shed > 0);
  const medianMs = tookMs.sort((a, b) => a - b)[tookMs.length >> 1] as number;
  // All of the clients in the queue of the origin would take this long.
  const queuedMs = (150 / CONCURRENCY) * WORK_MS;
  assert.ok(medianMs < queuedMs / 2, `${medianMs} ms`);
  assert.ok(seen.mostWaiting < 75, `${seen.mostWaiting} waited inside the origin`);
});
