/** Who gets how much: seen from the upstreams, not from the policy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startProxyTo, type TestService } from '../support/proxy-process.ts';
import { get, getText, openClient } from '../support/raw-client.ts';
import { answerOk, type Script, startOrigin } from '../support/recording-origin.ts';
import { steadyRequests } from '../support/steady-requests.ts';

/** Answers after a time that stands for work. */
function answerAfter(delayMs: number): Script {
  return (request) => setTimeout(() => request.answer('ok'), delayMs);
}

interface Origins extends AsyncDisposable {
  readonly urls: readonly string[];
  /** Requests received so far, one number per origin. */
  counts(): number[];
}

async function startOrigins(...scripts: Script[]): Promise<Origins> {
  const origins = await Promise.all(scripts.map((script) => startOrigin(script)));
  return {
    urls: origins.map(({ url }) => url),
    counts: () => origins.map(({ requests }) => requests.length),
    async [Symbol.asyncDispose]() {
      await Promise.all(origins.map((origin) => origin[Symbol.asyncDispose]()));
    },
  };
}

function weighted(origins: Origins, ...weights: number[]): TestService {
  return { upstreams: origins.urls.map((url, i) => ({ url, weight: weights[i] ?? 1 })) };
}

test('under concurrency upstreams get requests in proportion to their weights', async () => {
  await using origins = await startOrigins(answerAfter(20), answerAfter(20), answerAfter(20));
  await using proxy = await startProxyTo([], weighted(origins, 1, 2, 5));
  await steadyRequests(proxy.port, 16, 800);
  const [one = 0, two = 0, five = 0] = origins.counts();
  assert.equal(one + two + five, 800);
  assertNear(one, 100);
  assertNear(two, 200);
  assertNear(five, 500);
});

test('one request at a time spreads over all upstreams alike', async () => {
  await using origins = await startOrigins(answerOk, answerOk, answerOk, answerOk);
  await using proxy = await startProxyTo(origins.urls);
  await steadyRequests(proxy.port, 1, 400);
  for (const count of origins.counts()) assertNear(count, 100);
});

test('a slow upstream gets fewer requests than its fast neighbours', async () => {
  await using origins = await startOrigins(answerAfter(10), answerAfter(10), answerAfter(100));
  await using proxy = await startProxyTo(origins.urls);
  await steadyRequests(proxy.port, 12, 600);
  const [first = 0, second = 0, slow = 0] = origins.counts();
  assert.ok(slow * 2 < first && slow * 2 < second, `${[first, second, slow]}`);
  assert.ok(slow > 0, 'but it is not forgotten');
});

test('no upstream ever holds more than its share of what is in flight', async () => {
  const held: (() => void)[] = [];
  const hold: Script = (request) => held.push(() => request.answer('ok'));
  await using origins = await startOrigins(hold, hold, hold);
  await using proxy = await startProxyTo(origins.urls);
  const clients = await Promise.all(Array.from({ length: 12 }, () => openClient(proxy.port)));
  for (const client of clients) client.send(getText());
  await eventually(() => assert.equal(held.length, 12));
  assert.deepEqual(origins.counts(), [4, 4, 4]);
  for (const answer of held) answer();
  for (const client of clients) {
    await client.response();
    await client[Symbol.asyncDispose]();
  }
});

test('round-robin takes upstreams in exact turns', async () => {
  await using origins = await startOrigins(answerOk, answerOk, answerOk);
  await using proxy = await startProxyTo(origins.urls, { policy: 'round-robin' });
  for (let round = 1; round <= 5; round++) {
    for (let i = 0; i < 3; i++) await get(proxy.port);
    assert.deepEqual(origins.counts(), [round, round, round]);
  }
});

test('round-robin keeps weights exactly', async () => {
  await using origins = await startOrigins(answerOk, answerOk);
  await using proxy = await startProxyTo([], {
    ...weighted(origins, 1, 3),
    policy: 'round-robin',
  });
  for (let i = 0; i < 40; i++) await get(proxy.port);
  assert.deepEqual(origins.counts(), [10, 30]);
});

for (const policy of ['random', 'power-of-two'] as const) {
  test(`${policy} reaches every upstream`, async () => {
    await using origins = await startOrigins(answerOk, answerOk, answerOk);
    await using proxy = await startProxyTo(origins.urls, { policy });
    await steadyRequests(proxy.port, 4, 300);
    for (const count of origins.counts()) assertNear(count, 100);
  });
}

/** Within 40 %: four standard deviations for a count of 100. */
function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * 0.4, `${actual} is far from ${expected}`);
}
