/** When another upstream is asked, and when that would be wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApp, readMetric } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, refusingUrl } from '../support/free-port.ts';
import { startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get } from '../support/raw-client.ts';
import { answerOk, type Script, startOrigin } from '../support/recording-origin.ts';

// Round-robin reaches every upstream within as many requests as there are upstreams.
const inTurn = { policy: 'round-robin' } as const;

const hangUp: Script = ({ socket }) => socket.resetAndDestroy();

function post(body: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

for (const method of ['GET', 'POST']) {
  test(`a ${method} whose upstream refuses the connection is served by another`, async () => {
    await using good = await startOrigin();
    await using proxy = await startProxyTo([await refusingUrl(), good.url], inTurn);
    for (let i = 0; i < 4; i++) {
      const response =
        method === 'GET' ? await get(proxy.port) : await exchangeOnce(proxy.port, post('body'));
      assert.equal(response.text, 'ok');
    }
    assert.equal(good.requests.length, 4);
    if (method === 'POST') assert.equal((await good.last.body).toString(), 'body');
    const retries = await readMetric(proxy, 'headgate_retries_total');
    assert.ok(retries.some(({ labels, value }) => labels.service === 'app' && value > 0));
  });
}

test('a GET whose connection breaks before the answer is made again on another upstream', async () => {
  await using bad = await startOrigin(hangUp);
  await using good = await startOrigin();
  await using proxy = await startProxyTo([bad.url, good.url], inTurn);
  for (let i = 0; i < 4; i++) assert.equal((await get(proxy.port)).text, 'ok');
  assert.ok(bad.requests.length > 0);
  assert.equal(good.requests.length, 4);
});

test('a POST whose connection breaks before the answer is not made again', async () => {
  await using first = await startOrigin(hangUp);
  await using second = await startOrigin(hangUp);
  await using proxy = await startProxyTo([first.url, second.url], inTurn);
  assert.equal((await exchangeOnce(proxy.port, post('body'))).status, 502);
  assert.equal(first.requests.length + second.requests.length, 1);
});

test('a PUT whose body has begun to leave is not made again', async () => {
  await using first = await startOrigin(hangUp);
  await using second = await startOrigin(hangUp);
  await using proxy = await startProxyTo([first.url, second.url], inTurn);
  const response = await exchangeOnce(proxy.port, post('body').replace('POST', 'PUT'));
  assert.equal(response.status, 502);
  assert.equal(first.requests.length + second.requests.length, 1);
});

test('nothing is made again once the answer has begun', async () => {
  const begin: Script = ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    setImmediate(() => socket.resetAndDestroy());
  };
  await using first = await startOrigin(begin);
  await using second = await startOrigin(begin);
  await using proxy = await startProxyTo([first.url, second.url], inTurn);
  await assert.rejects(get(proxy.port));
  await eventually(async () => assert.equal((await readApp(proxy)).inFlight, 0));
  assert.equal(first.requests.length + second.requests.length, 1);
});

test('an answer that reports an error is passed on, not asked for again', async () => {
  const fail: Script = ({ socket }) =>
    socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nmine');
  await using first = await startOrigin(fail);
  await using second = await startOrigin(fail);
  await using proxy = await startProxyTo([first.url, second.url], inTurn);
  const response = await get(proxy.port);
  assert.equal(response.status, 500);
  assert.equal(response.text, 'mine');
  assert.equal(first.requests.length + second.requests.length, 1);
});

test('a request that meets a kept connection that has died is served on a fresh one', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  for (let i = 0; i < 5; i++) {
    assert.equal((await get(proxy.port)).text, 'ok');
    // Dies at the very moment it is used again: the request is read and the connection reset.
    const { connection } = origin.last;
    origin.script = (request) =>
      request.connection === connection ? hangUp(request) : answerOk(request);
    assert.equal((await get(proxy.port)).text, 'ok');
  }
});

test('a POST after the upstream closed its idle connection is served on a fresh one', async () => {
  await using origin = await startOrigin();
  await using proxy = await startProxyTo([origin.url]);
  await get(proxy.port);
  for (const socket of origin.connections) socket.destroy();
  await eventually(() => assert.equal(origin.connections.size, 0));
  assert.equal((await exchangeOnce(proxy.port, post('body'))).text, 'ok');
});

test('when every upstream refuses, each has been asked once and the answer is 503', async () => {
  const urls = await Promise.all(Array.from({ length: 5 }, refusingUrl));
  await using proxy = await startProxyTo(urls);
  const response = await get(proxy.port);
  assert.equal(response.status, 503);
  const { upstreams } = await readApp(proxy);
  assert.deepEqual(
    upstreams.map(({ requests }) => requests),
    [1, 1, 1, 1, 1],
  );
});

test('with retries: 0 a broken connection is the answer', async () => {
  await using first = await startOrigin(hangUp);
  await using second = await startOrigin(hangUp);
  await using proxy = await startProxyTo([first.url, second.url], { ...inTurn, retries: 0 });
  assert.equal((await get(proxy.port)).status, 502);
  assert.equal(first.requests.length + second.requests.length, 1);
});

test('with retries: 2 three upstreams are asked and no more', async () => {
  await using origin = await startOrigin(hangUp);
  await using second = await startOrigin(hangUp);
  await using third = await startOrigin(hangUp);
  await using fourth = await startOrigin(hangUp);
  const all = [origin, second, third, fourth];
  await using proxy = await startProxyTo(
    all.map(({ url }) => url),
    { ...inTurn, retries: 2 },
  );
  assert.equal((await get(proxy.port)).status, 502);
  assert.equal(
    all.reduce((sum, { requests }) => sum + requests.length, 0),
    3,
  );
  assert.ok(all.every(({ requests }) => requests.length <= 1));
});

test('a connection that is not accepted in time counts as refused', async () => {
  // 192.0.2.0/24 is for documentation (RFC 5737): packets to it go nowhere or are turned away.
  await using good = await startOrigin();
  await using proxy = await startProxyTo([`http://192.0.2.1:${await freePort()}`, good.url], {
    ...inTurn,
    timeouts: { connect: '300ms' },
  });
  for (let i = 0; i < 2; i++) assert.equal((await get(proxy.port)).text, 'ok');
});

test('a dead reused connection is retried on its own upstream when no other is healthy', async () => {
  const served = new Map<number, number>();
  await using moody = await startOrigin((request) => {
    const count = (served.get(request.connection) ?? 0) + 1;
    served.set(request.connection, count);
    if (count === 1) request.answer('ok');
    else request.socket.resetAndDestroy();
  });
  await using proxy = await startProxyTo([moody.url, await refusingUrl()], {
    healthCheck: { interval: '50ms', fall: 1 },
  });
  await eventually(async () => {
    const { upstreams } = await readApp(proxy);
    assert.ok(upstreams.some(({ verdict }) => verdict === 'unhealthy'));
  });
  for (let i = 0; i < 6; i++) assert.equal((await get(proxy.port)).status, 200);
});
