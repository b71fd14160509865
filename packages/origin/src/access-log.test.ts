import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AccessLogTarget, openAccessLog } from './access-log.ts';
import { until } from './origin.test-support.ts';
import { createOrigin } from './origin.ts';
import { serveOrigin } from './serve-origin.ts';

interface Line {
  readonly [name: string]: unknown;
}

/** Keeps the lines of an access log. */
function sink() {
  const lines: Line[] = [];
  const write = (text: string) => {
    assert.match(text, /^[\x20-\x7e]+\n$/);
    lines.push(JSON.parse(text));
  };
  return { lines, target: { write } };
}

async function serve(t: TestContext, accessLog: AccessLogTarget) {
  const app = createOrigin({ name: 'test', accessLog });
  app.get('/items/:id', (c) => c.json({ id: c.req.param('id') }));
  app.get('/stream', (c) => c.body(ReadableStream.from([Buffer.from('ab'), Buffer.from('cde')])));
  app.get('/never', () => new Promise<Response>(() => {}));
  const served = await serveOrigin(app, { port: 0, lingerMs: 0 });
  const close = () => {
    served.cut();
    return served.close();
  };
  t.after(close);
  return { app, close, url: served.url };
}

test('a request is one line, with what the edge calls the same', async (t) => {
  const { lines, target } = sink();
  const { url } = await serve(t, target);
  const headers = {
    'x-request-id': 'edge-1',
    'x-forwarded-for': '203.0.113.9',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  await (await fetch(`${url}/items/7?token=secret`, { headers })).text();
  await until(() => lines.length === 1, 'the line');
  const { time, durationMs, ...rest } = lines[0] as Line;
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 600_000);
  assert.ok(typeof durationMs === 'number' && durationMs > 0);
  assert.deepEqual(rest, {
    log: 'access',
    id: 'edge-1',
    trace: '0af7651916cd43dd8448eb211c80319c',
    peer: '127.0.0.1',
    forwardedFor: '203.0.113.9',
    method: 'GET',
    path: '/items/7',
    route: '/items/:id',
    status: 200,
    bytes: 10,
    outcome: 'answered',
  });
});

test('bytes are those of the body, of streams too', async (t) => {
  const { lines, target } = sink();
  const { url } = await serve(t, target);
  await (await fetch(`${url}/stream`)).text();
  await (await fetch(`${url}/items/7`, { method: 'HEAD' })).text();
  await until(() => lines.length === 2, 'two lines');
  assert.deepEqual(
    lines.map(({ bytes }) => bytes),
    [5, 0],
  );
});

test('a problem is told by its kind, and a path nobody knows has no route', async (t) => {
  const { lines, target } = sink();
  const { url } = await serve(t, target);
  await (await fetch(`${url}/no%20%22where%C3%A9`)).text();
  await until(() => lines.length === 1, 'the line');
  const { path, route, status, outcome } = lines[0] as Line;
  assert.deepEqual(
    { path, route, status, outcome },
    { path: '/no%20%22where%C3%A9', route: undefined, status: 404, outcome: 'not-found' },
  );
});

test('a client that left is 499, and still has an address', async (t) => {
  const { lines, target } = sink();
  const { app, url } = await serve(t, target);
  const request = get(`${url}/never`).on('error', () => {});
  await until(() => app.lifecycle.inFlight === 1, 'the arrival');
  request.destroy();
  await until(() => lines.length === 1, 'the line');
  const { status, outcome, peer } = lines[0] as Line;
  assert.deepEqual([status, outcome, peer], [499, 'client-gone', '127.0.0.1']);
});

test('an answer that its origin could not finish is told apart from one whose client left', async (t) => {
  const { lines, target } = sink();
  const { app, url } = await serve(t, target);
  let isBegun = false;
  app.get('/broken', (c) =>
    c.body(
      new ReadableStream({
        pull(controller) {
          if (isBegun) c.env.outgoing?.destroy(new Error('broken'));
          else controller.enqueue(Buffer.from('first'));
          isBegun = true;
        },
      }),
    ),
  );
  await assert.rejects(async () => (await fetch(`${url}/broken`)).text());
  await until(() => lines.length === 1, 'the line');
  const { outcome, bytes } = lines[0] as Line;
  assert.deepEqual([outcome, bytes], ['broken-off', 5]);
});

test('a stream that is full gets no further line until it has room', async () => {
  const { lines, target } = sink();
  const full = { ...target, writableNeedDrain: true };
  const app = createOrigin({ name: 'test', accessLog: full });
  await app.request('/health');
  assert.equal(lines.length, 0);
  full.writableNeedDrain = false;
  await app.request('/health');
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.peer, undefined);
});

test('a file has every line once the server is closed, and is opened anew when told', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'origin-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'access.log');
  const { app, url, close } = await serve(t, { file });
  await (await fetch(`${url}/items/1`)).text();
  await until(() => app.lifecycle.inFlight === 0, 'the end');
  renameSync(file, `${file}.1`);
  app.accessLog?.reopen();
  await (await fetch(`${url}/items/2`)).text();
  await close();
  for (const [name, path] of [
    [`${file}.1`, '/items/1'],
    [file, '/items/2'],
  ] as const) {
    assert.equal(JSON.parse(readFileSync(name, 'utf8')).path, path);
  }
});

test('off is nothing at all, and a file that cannot be opened is an error with its name', () => {
  assert.equal(openAccessLog('off'), undefined);
  assert.throws(
    () => createOrigin({ name: 'test', accessLog: { file: '/nowhere/access.log' } }),
    /cannot open the log file \/nowhere\/access\.log/,
  );
});
