import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import { startClients } from './keep-alive-clients.ts';
import { type RunningStack, residentMiB, startStack } from './running-stack.ts';
import { startLoad } from './steady-load.ts';

interface Item {
  readonly id: number;
  readonly post: object | null;
  readonly comments: object[] | null;
  readonly partial: boolean;
  readonly missing: readonly { readonly part: string; readonly reason: string }[];
  readonly servedBy: string;
}

interface ServiceStatus {
  readonly name: string;
  readonly inFlight: number;
  readonly upstreams: readonly {
    readonly url: string;
    readonly verdict: string;
    readonly requests: number;
  }[];
}

const MIB = 1_024 * 1_024;
/** Ids not asked for before, so that no cache answers for the partner. */
let nextId = 1_000;
const freshItem = () => `/items/${nextId++}`;

let stack: RunningStack;
const agent = new Agent({ connections: 64 });
before(async () => {
  stack = await startStack();
});
after(async () => {
  await agent.close();
  // Without one it did not start, and has stopped what it had started.
  await (stack as RunningStack | undefined)?.stop();
});

async function getItem(path: string): Promise<{ status: number; item: Item }> {
  const answer = await request(stack.url + path, { dispatcher: agent });
  return { status: answer.statusCode, item: (await answer.body.json()) as Item };
}

async function services(): Promise<ServiceStatus[]> {
  const answer = await request(`${stack.adminUrl}/api/services`, { dispatcher: agent });
  return ((await answer.body.json()) as { services: ServiceStatus[] }).services;
}

/** Of the proxy's one worker, which bodies pass through. */
async function workerPid(): Promise<number> {
  const answer = await request(`${stack.adminUrl}/api/workers`, { dispatcher: agent });
  const { workers } = (await answer.body.json()) as { workers: { pid: number }[] };
  const [worker] = workers;
  assert.ok(worker && workers.length === 1);
  return worker.pid;
}

async function dialPartner(dial: object): Promise<void> {
  const answer = await request(`${stack.partnerUrl}/_dial`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(dial),
    dispatcher: agent,
  });
  assert.equal(answer.statusCode, 200, await answer.body.text());
}

/** Polls with a deadline that only a broken stack misses. */
async function eventually(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) {
      assert.fail(`${what} did not happen\n${stack.complaints.slice(-20).join('\n')}`);
    }
    await pause(25);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test('a profile is kept at the edge until it is written, and read from then on as it was written', async () => {
  const read = async () => {
    const answer = await request(`${stack.url}/profiles/7`, { dispatcher: agent });
    const profile = (await answer.body.json()) as { name: string; email: string };
    return { ...profile, isHit: `${answer.headers['cache-status']}`.includes('hit') };
  };
  const first = await read();
  assert.equal((await read()).isHit, true);

  for (let n = 1; n <= 10; n++) {
    const written = await request(`${stack.url}/profiles/7`, {
      method: 'PUT',
      dispatcher: agent,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: `Seven ${n}`, email: first.email }),
    });
    assert.equal(written.statusCode, 200, await written.body.text());
    const after = await read();
    assert.deepEqual([after.name, after.isHit], [`Seven ${n}`, false]);
    assert.equal((await read()).isHit, true);
  }
});

test('that there is no profile is kept at the edge until there is one', async () => {
  const get = (path: string) => request(stack.url + path, { dispatcher: agent });
  const latest = await request(`${stack.url}/profiles`, profile('first@example.org'));
  const { id } = (await latest.body.json()) as { id: number };
  const next = `/profiles/${id + 1}`;
  for (const wanted of ['stored', 'hit']) {
    const none = await get(next);
    await none.body.dump();
    assert.equal(none.statusCode, 404);
    assert.match(`${none.headers['cache-status']}`, new RegExp(wanted));
  }
  const made = await request(`${stack.url}/profiles`, profile('second@example.org'));
  assert.equal(made.headers.location, next);
  await made.body.dump();
  const found = await get(next);
  await found.body.dump();
  assert.equal(found.statusCode, 200);
});

function profile(email: string) {
  return {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Somebody', email }),
  } as const;
}

test('both instances of items serve, about evenly', async () => {
  const load = startLoad(stack.url, 200, freshItem);
  await pause(2_000);
  await load.stop();
  assert.deepEqual(load.failures, []);
  const servedBy = countServedBy(load.answers);
  const smaller = Math.min(servedBy.get('items-1') ?? 0, servedBy.get('items-2') ?? 0);
  assert.ok(smaller > load.answers.length * 0.3, JSON.stringify([...servedBy]));
});

test('an item is composed from both partner calls, through the proxy', async () => {
  const { status, item } = await getItem('/items/5');
  assert.equal(status, 200);
  assert.equal(item.id, 5);
  assert.ok(item.post, 'the post is there');
  assert.ok((item.comments?.length ?? 0) > 0, 'the comments are there');
  assert.equal(item.partial, false);
  assert.deepEqual(item.missing, []);
});

test('a feed gathers a hundred partner calls', async () => {
  const answer = await request(`${stack.url}/feed?count=100`, { dispatcher: agent });
  const feed = (await answer.body.json()) as { items: object[]; partial: boolean };
  assert.equal(answer.statusCode, 200);
  assert.equal(feed.items.length, 100);
  assert.equal(feed.partial, false);
});

test('killing an instance under load fails no request, and it gets traffic again when it is back', async (t) => {
  const load = startLoad(stack.url, 200, freshItem);
  await pause(1_000);
  stack.process('items-1').kill('SIGKILL');
  await stack.process('items-1').exited;
  await pause(2_000);
  const whileDown = load.answers.length;

  await stack.start('items-1');
  const backMs = performance.now();
  await eventually('traffic to the restarted instance', () =>
    load.answers.slice(whileDown).some(({ body }) => body.includes('"items-1"')),
  );
  const returnedAfterMs = performance.now() - backMs;
  await load.stop();
  t.diagnostic(
    `${load.answers.length} answers; back in ${Math.round(returnedAfterMs)} ms, rise x interval is 2000 ms`,
  );

  assert.deepEqual(load.failures, []);
  const bad = load.answers.filter(({ status }) => status !== 200);
  assert.deepEqual(bad.slice(0, 3), [], `${bad.length} requests failed`);
});

test('a slow instance gets proportionally less', async () => {
  await stack.process('items-2').stop();
  await stack.start('items-2', { ITEMS_EXTRA_LATENCY: '150ms' });
  await eventually(
    'both instances healthy',
    async () =>
      (await services())
        .find(({ name }) => name === 'items')
        ?.upstreams.every(({ verdict }) => verdict === 'healthy') ?? false,
  );
  const load = startLoad(stack.url, 200, freshItem);
  await pause(3_000);
  await load.stop();
  const servedBy = countServedBy(load.answers);
  const slow = servedBy.get('items-2') ?? 0;
  await stack.process('items-2').stop();
  await stack.start('items-2');

  assert.deepEqual(load.failures, []);
  assert.ok(slow > 0, 'the slow instance still serves');
  assert.ok(slow < load.answers.length * 0.35, JSON.stringify([...servedBy]));
});

test('a partner that fails half its calls gives partial answers and never a hang', async () => {
  await dialPartner({ errorRate: 0.5 });
  const answers: Awaited<ReturnType<typeof getItem>>[] = [];
  // Few at a time: eighty at once are a queue, which the proxy may refuse to let grow.
  while (answers.length < 80) {
    answers.push(...(await Promise.all(Array.from({ length: 8 }, () => getItem(freshItem())))));
  }
  await dialPartner({});

  const partial = answers.filter(({ status, item }) => status === 200 && item.partial);
  assert.ok(partial.length > 0, 'some answers are partial');
  for (const { item } of partial) {
    assert.equal(item.missing.length, 1);
    assert.equal(item.missing[0]?.reason, 'status');
  }
  const other = answers.filter(({ status }) => status !== 200);
  assert.ok(
    other.every(({ status }) => status === 502),
    `${other.map(({ status }) => status)}`,
  );
  assert.ok(other.length > 0, 'some items had no part at all');
});

test('a partner that stalls costs the deadline, not the connection', async () => {
  await dialPartner({ paths: { '/posts/:id/comments': { stallRate: 1 } } });
  const { status, item } = await getItem(freshItem());
  await dialPartner({});
  assert.equal(status, 200);
  assert.equal(item.partial, true);
  assert.deepEqual(
    item.missing.map(({ part, reason }) => [part, reason]),
    [['comments', 'timeout']],
  );
  assert.equal((await getItem('/items/7')).status, 200);
});

test('WebSockets flow both ways and closing either side closes the other', async () => {
  const url = `${stack.url.replace('http', 'ws')}/live/ws`;
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send('hello');
  const [data] = (await once(socket, 'message')) as [Buffer];
  assert.equal(data.toString(), 'hello');
  await eventually('the tunnel counted', async () => (await inFlight('live')) === 1);
  socket.close(1000);
  await once(socket, 'close');
  await eventually('the tunnel released', async () => (await inFlight('live')) === 0);

  const second = new WebSocket(url);
  await once(second, 'open');
  const closed = once(second, 'close') as Promise<[number]>;
  await stack.process('live').stop();
  assert.equal((await closed)[0], 1001);
  await stack.start('live');
});

test('server-sent events arrive one by one and the origin notices when the client leaves', async () => {
  const abort = new AbortController();
  await eventually('live back', async () => (await statusOf('/live/headers')) === 200);
  const answer = await request(`${stack.url}/live/ticks?interval=20ms`, {
    dispatcher: agent,
    signal: abort.signal,
  });
  assert.match(String(answer.headers['content-type']), /text\/event-stream/);
  let text = '';
  let chunks = 0;
  await assert.rejects(async () => {
    for await (const chunk of answer.body) {
      text += chunk;
      if (++chunks === 5) abort.abort();
    }
  });
  assert.ok(text.split('\n\n').length >= 4, text);
  await eventually('the stream released', async () => (await inFlight('live')) === 0);
});

test('a hundred megabytes go up and down with flat memory', async (t) => {
  const small = await passBody(25 * MIB);
  const large = await passBody(100 * MIB);
  t.diagnostic(`proxy at most: ${small} MiB with 25 MiB bodies, ${large} MiB with 100 MiB`);
  // What a body leaves behind is the collector's slack, which does not depend on its length.
  assert.ok(large - small < 50, `${small} MiB, then ${large} MiB`);
});

/** Uploads and downloads `sizeBytes`, checks every byte, and returns the proxy's peak in MiB. */
async function passBody(sizeBytes: number): Promise<number> {
  const pid = await workerPid();
  let peakMiB = 0;
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, residentMiB(pid));
  }, 10);
  try {
    const sent = createHash('sha256');
    const up = await request(`${stack.url}/live/upload`, {
      method: 'POST',
      body: Readable.from(chunksOf(sizeBytes, sent)),
      dispatcher: agent,
    });
    const received = (await up.body.json()) as { bytes: number; sha256: string };
    assert.equal(received.bytes, sizeBytes);
    assert.equal(received.sha256, sent.digest('hex'));

    const path = `/live/download?bytes=${sizeBytes}`;
    const down = await request(stack.url + path, { dispatcher: agent });
    assert.equal(down.headers['content-length'], String(sizeBytes));
    let bytes = 0;
    for await (const chunk of down.body) bytes += (chunk as Buffer).length;
    assert.equal(bytes, sizeBytes);
  } finally {
    clearInterval(watch);
  }
  return Math.round(peakMiB);
}

test('a dead Redis fails nothing', async (t) => {
  if (!stack.hasRedis) return t.skip('redis-server is not installed');
  await stack.killRedis();
  const load = startLoad(stack.url, 100, freshItem);
  await pause(1_000);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.ok(load.answers.every(({ status }) => status === 200));
});

test('the status page and the metrics know all of this', async () => {
  const page = await request(`${stack.adminUrl}/`, { dispatcher: agent });
  assert.match(await page.body.text(), /<title>Headgate<\/title>/);
  const metrics = await request(`${stack.adminUrl}/metrics`, { dispatcher: agent });
  assert.match(
    await metrics.body.text(),
    /headgate_requests_total\{service="items",status="200"\} \d+/,
  );
});

test('stopping the proxy under load loses no request', async (t) => {
  const clients = startClients(`${stack.url}/live/slow?ms=5`, 20);
  await eventually('load', () => clients.answered > 200);
  const proxy = stack.process('proxy');
  proxy.kill('SIGTERM');
  assert.equal(await proxy.exited, 0);
  await clients.stop();
  t.diagnostic(`${clients.answered} answered, ${clients.refused} clients found nobody afterwards`);
  assert.deepEqual(clients.lost, []);
});

async function statusOf(path: string): Promise<number> {
  const answer = await request(stack.url + path, { dispatcher: agent });
  await answer.body.dump();
  return answer.statusCode;
}

async function inFlight(service: string): Promise<number | undefined> {
  return (await services()).find(({ name }) => name === service)?.inFlight;
}

function countServedBy(answers: readonly { body: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { body } of answers) {
    const name = (JSON.parse(body) as Item).servedBy;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function* chunksOf(sizeBytes: number, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  for (let sentBytes = 0; sentBytes < sizeBytes; sentBytes += 65_536) {
    const chunk = Buffer.alloc(65_536, sentBytes >> 16);
    hash.update(chunk);
    yield chunk;
  }
}
