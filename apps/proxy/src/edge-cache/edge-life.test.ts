/** The cache in a running edge: what becomes of it when the edge reloads, or ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@headgate/telemetry';
import { type ProxyConfigInput, proxySchema, staticConfig } from '../config.ts';
import { type RunningEdge, startEdge } from '../edge.ts';

const DEADLINE_MS = 20_000;

type Script = (request: IncomingMessage, response: ServerResponse) => void;

async function startOrigin(t: TestContext, script: Script): Promise<string> {
  const server = createServer(script).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function configOf(origin: string, cache: ProxyConfigInput['cache'] = {}) {
  return staticConfig(
    proxySchema.parse({
      listeners: [{ address: '127.0.0.1:0' }],
      services: { app: { upstreams: [{ url: origin }] } },
      routes: [{ service: 'app', cache: true }],
      accessLog: 'off',
      cache,
    }),
  );
}

async function start(t: TestContext, origin: string): Promise<RunningEdge> {
  const edge = await startEdge(configOf(origin), {
    now: () => performance.now(),
    random: Math.random,
    randomBytes: (size) => Buffer.alloc(size, 7),
    log: createLogger({ name: 'edge', level: 'error' }),
    instance: 'edge-1',
    openAccessLog: () => assert.fail('there is no access log'),
  });
  t.after(() => edge.drain({ timeoutMs: 0, mayHandOver: false, reason: 'stop' }));
  return edge;
}

function ask(edge: RunningEdge, path: string, method = 'GET') {
  const asked = request(`http://${edge.addresses[0]}${path}`, { method, agent: false }).end();
  asked.on('error', () => {});
  return asked;
}

async function get(edge: RunningEdge, path: string, method?: string): Promise<string> {
  const [response] = (await once(ask(edge, path, method), 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return text;
}

async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo() && performance.now() < endMs) await sleep(5);
  assert.ok(isSo(), 'it has not come to that');
}

test('a drain does not wait for what is fetched though nobody waits for it', async (t) => {
  let abandoned = 0;
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'cache-control': 'max-age=60' });
    // It goes on as long as anybody listens.
    const timer = setInterval(() => response.write('more'), 10);
    response.on('close', () => {
      clearInterval(timer);
      abandoned++;
    });
  });
  const edge = await start(t, origin);
  const asked = ask(edge, '/endless');
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  await once(response, 'data');
  asked.destroy();
  await until(() => edge.facts().connections === 0);
  assert.equal(abandoned, 0, 'what may be kept is worth having');
  await edge.drain({ timeoutMs: 5_000, mayHandOver: false, reason: 'stop' });
  await until(() => abandoned === 1);
});

test('a request from before a reload makes invalid what has been kept since', async (t) => {
  const posts: ServerResponse[] = [];
  let version = 1;
  const origin = await startOrigin(t, (request, response) => {
    if (request.method === 'POST') posts.push(response);
    else response.writeHead(200, { 'cache-control': 'max-age=60' }).end(`version ${version}`);
  });
  const edge = await start(t, origin);
  const posted = get(edge, '/page', 'POST');
  await until(() => posts.length === 1);
  await edge.apply(configOf(origin, { memory: '10MiB' }));
  assert.equal(await get(edge, '/page'), 'version 1');
  version = 2;
  assert.equal(await get(edge, '/page'), 'version 1');
  posts[0]?.writeHead(204).end();
  await posted;
  assert.equal(await get(edge, '/page'), 'version 2');
});

test('an answer on its way when the cache is replaced goes on to those who read it', async (t) => {
  const answers: ServerResponse[] = [];
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'cache-control': 'max-age=60' });
    response.write('first ');
    answers.push(response);
  });
  const edge = await start(t, origin);
  const before = [get(edge, '/page'), get(edge, '/page')];
  await until(() => answers.length === 1);
  await edge.apply(configOf(origin, { memory: '10MiB' }));
  const after = get(edge, '/page');
  await until(() => answers.length === 2);
  for (const answer of answers) answer.end('last');
  assert.deepEqual(await Promise.all([...before, after]), Array(3).fill('first last'));
});
