/** What is asked for a second time, and how long anybody waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetric } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';
import { answerOk, type Script, startOrigin } from '../support/recording-origin.ts';
import { steadyRequests } from '../support/steady-requests.ts';

const inTurn = { policy: 'round-robin' } as const;
const trusting = { trustedProxies: ['127.0.0.1'] };

const refuse: Script = async (request) => {
  await request.body;
  request.socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nX-Mine: 1\r\n\r\nbusy');
};

const silence: Script = () => {};

function answerAfter(delayMs: number): Script {
  return (request) => setTimeout(() => request.answer('ok'), delayMs);
}

async function count(proxy: Parameters<typeof readMetric>[0], name: string): Promise<number> {
  return (await readMetric(proxy, name)).reduce((sum, { value }) => sum + value, 0);
}

function kindOf(text: string): string {
  return (JSON.parse(text) as { kind: string }).kind;
}

test('a GET that one upstream answers with 503 is served by another', async () => {
  await using busy = await startOrigin(refuse);
  await using good = await startOrigin();
  await using proxy = await startProxyTo([busy.url, good.url], inTurn);
  for (let i = 0; i < 10; i++) assert.equal((await get(proxy.port)).text, 'ok');
  assert.ok(busy.requests.length > 0);
  assert.equal(good.requests.length, 10);
  assert.equal(await count(proxy, 'headgate_retries_total'), busy.requests.length);
});

test('the statuses that are worth a second attempt can be chosen', async () => {
  const fail: Script = ({ socket }) =>
    socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n');
  await using bad = await startOrigin(fail);
  await using good = await startOrigin();
  await using proxy = await startProxyTo([bad.url, good.url], { ...inTurn, retryStatuses: [500] });
  for (let i = 0; i < 4; i++) assert.equal((await get(proxy.port)).status, 200);
  assert.ok(bad.requests.length > 0);
});

test('a POST is never sent twice because of a status', async () => {
  await using first = await startOrigin(refuse);
  await using second = await startOrigin(refuse);
  await using proxy = await startProxyTo([first.url, second.url], inTurn);
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';
  const response = await exchangeOnce(proxy.port, post);
  assert.equal(response.status, 503);
  assert.equal(response.text, 'busy');
  assert.equal(first.requests.length + second.requests.length, 1);
});

test('the answer all upstreams give is passed on as it is', async () => {
  await using first = await startOrigin(refuse);
  await using second = await startOrigin(refuse);
  await using proxy = await startProxyTo([first.url, second.url], inTurn);
  const response = await get(proxy.port);
  assert.equal(response.status, 503);
  assert.equal(response.text, 'busy');
  assert.equal(response.header('x-mine'), '1');
  assert.equal(first.requests.length + second.requests.length, 2);
});

test('upstreams that all fail are not asked much more often than without retries', async () => {
  await using first = await startOrigin(refuse);
  await using second = await startOrigin(refuse);
  await using third = await startOrigin(refuse);
  const urls = [first.url, second.url, third.url];
  await using proxy = await startProxyTo(urls, inTurn);
  const statuses = await steadyRequests(proxy.port, 4, 100);
  assert.deepEqual([...statuses.keys()], [503]);
  const asked = first.requests.length + second.requests.length + third.requests.length;
  assert.ok(asked <= 110, `${asked} for 100 requests`);
});

test('a GET whose upstream does not answer in time is answered by another', async () => {
  await using stuck = await startOrigin(silence);
  await using good = await startOrigin();
  await using proxy = await startProxyTo([stuck.url, good.url], inTurn, {
    routes: [{ service: 'app', hedge: { delay: '50ms' } }],
  });
  for (let i = 0; i < 4; i++) assert.equal((await get(proxy.port)).text, 'ok');
  assert.ok(stuck.requests.length > 0);
  await eventually(() => assert.equal(stuck.connections.size, 0, 'the other attempt goes on'));
  assert.equal(await count(proxy, 'headgate_hedges_total'), stuck.requests.length);
  await eventually(async () => assert.equal(await count(proxy, 'headgate_upstream_in_flight'), 0));
});

test('a hedged answer comes whole, on a connection that goes on', async () => {
  const large = 'x'.repeat(300_000);
  await using stuck = await startOrigin(silence);
  await using good = await startOrigin((request) => request.answer(large));
  await using proxy = await startProxyTo([stuck.url, good.url], inTurn, {
    routes: [{ service: 'app', hedge: { delay: '20ms' } }],
  });
  await using client = await openClient(proxy.port);
  // Sent ahead, so that the next request begins where the last attempt was given up.
  client.send(getText('/1') + getText('/2') + getText('/3'));
  for (let i = 0; i < 3; i++) assert.equal((await client.response()).text.length, large.length);
});

test('a POST is not hedged', async () => {
  await using first = await startOrigin(answerAfter(200));
  await using second = await startOrigin(answerAfter(200));
  await using proxy = await startProxyTo([first.url, second.url], inTurn, {
    routes: [{ service: 'app', hedge: { delay: '20ms' } }],
  });
  await exchangeOnce(proxy.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  assert.equal(first.requests.length + second.requests.length, 1);
});

test('an origin that pauses now and then is not noticed, for two requests more in a hundred', async () => {
  const PAUSE_MS = 2_000;
  let isPausing = false;
  let turn = 0;
  let pauses = 0;
  await using moody = await startOrigin((request) => {
    const isPaused = isPausing && ++turn % 40 === 0;
    if (isPaused) pauses++;
    setTimeout(() => request.answer('ok'), isPaused ? PAUSE_MS : 5);
  });
  await using good = await startOrigin(answerAfter(5));
  await using proxy = await startProxyTo([moody.url, good.url], inTurn, {
    routes: [{ service: 'app', hedge: true }],
  });
  await steadyRequests(proxy.port, 4, 300);
  isPausing = true;
  const tookMs: number[] = [];
  await using client = await openClient(proxy.port);
  for (let i = 0; i < 400; i++) {
    const startedMs = performance.now();
    client.send(getText());
    await client.response();
    tookMs.push(performance.now() - startedMs);
  }
  assert.ok(pauses >= 3, `${pauses} pauses`);
  const late = tookMs.filter((ms) => ms >= PAUSE_MS).length;
  assert.ok(late * 3 <= pauses, `${late} of ${pauses} pauses were noticed`);
  const asked = moody.requests.length + good.requests.length;
  assert.ok(asked <= 700 * 1.02 + 10, `${asked} for 700 requests`);
});

test('an upstream is told how much time is left', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    {
      ...trusting,
      routes: [{ service: 'app', deadline: '60s' }],
    },
  );
  await get(proxy.port);
  const left = () => Number(origin.last.header('headgate-deadline-ms'));
  assert.ok(left() > 50_000 && left() <= 60_000, `${left()}`);
  await get(proxy.port, '/', 'headgate-deadline-ms: 20000');
  assert.ok(left() > 10_000 && left() <= 20_000, `${left()}`);
  await get(proxy.port, '/', 'grpc-timeout: 9S');
  assert.ok(left() > 1_000 && left() <= 9_000, `${left()}`);
});

test('what a stranger says about time and priority is neither believed nor passed on', async () => {
  await using origin = await startOrigin(answerAfter(50));
  await using proxy = await startProxyTo([origin.url]);
  const said = ['headgate-deadline-ms: 1', 'Headgate_Deadline_Ms: 1', 'headgate-priority: high'];
  assert.equal((await get(proxy.port, '/', ...said)).status, 200);
  for (const name of ['headgate-deadline-ms', 'headgate_deadline_ms', 'headgate-priority']) {
    assert.equal(origin.last.header(name), undefined, name);
  }
});

test('a request nobody could answer in time is refused before it costs anything', async () => {
  await using origin = await startOrigin(answerAfter(100));
  await using proxy = await startProxyTo([origin.url], {}, trusting);
  await steadyRequests(proxy.port, 4, 12);
  await sleep(50);
  // The first one after a while has what was learnt from the others looked at.
  await get(proxy.port);
  const { length } = origin.requests;
  const response = await get(proxy.port, '/', 'headgate-deadline-ms: 20');
  assert.equal(response.status, 504);
  assert.equal(kindOf(response.text), 'deadline-too-short');
  assert.equal(origin.requests.length, length);
  assert.equal((await get(proxy.port, '/', 'headgate-deadline-ms: 15000')).status, 200);
});

test('when the time is up the answer is 504, and the upstream need not go on', async () => {
  await using origin = await startOrigin(silence);
  await using proxy = await startProxyTo(
    [origin.url],
    {},
    {
      ...trusting,
      routes: [
        { match: { path: '/strict' }, service: 'app', deadline: '200ms' },
        { service: 'app' },
      ],
    },
  );
  for (const response of [
    await get(proxy.port, '/strict'),
    await get(proxy.port, '/', 'headgate-deadline-ms: 200'),
  ]) {
    assert.equal(response.status, 504);
    assert.equal(kindOf(response.text), 'total-timeout');
  }
  await eventually(() => assert.equal(origin.connections.size, 0));
});

test('the load of an origin is the business of the edge alone', async () => {
  await using origin = await startOrigin(async (request) => {
    await answerOk({ ...request, answer: (body) => request.answer(body, 'Headgate-Load: 7') });
  });
  await using proxy = await startProxyTo([origin.url]);
  const response = await get(proxy.port);
  assert.equal(response.text, 'ok');
  assert.equal(response.header('headgate-load'), undefined);
});
