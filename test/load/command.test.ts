import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually, soon } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { headgateLoad, loadMain, loadResult } from '../support/load-command.ts';

/** Serves until the test is over; the URL without a path. */
async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'headgate-load-test-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const ok: RequestListener = (_request, response) => response.end('ok');

describe('headgate-load URL', () => {
  it('sends every arrival, and the same ones with any number of workers', async (t) => {
    const url = await serve(t, ok);
    const load = [`${url}/a?b=1`, '--rate', '300', '--for', '2s', '--seed', '7'];
    const alone = await loadResult(...load, '--workers', '1');
    const shared = await loadResult(...load, '--workers', '2');
    assert.equal(alone.code, 0, alone.stderr);
    assert.equal(alone.result.totals.failed, 0);
    assert.equal(alone.result.totals.completed, alone.result.totals.arrivals);
    assert.ok(Math.abs(alone.result.totals.arrivals - 600) < 120);
    assert.equal(shared.result.totals.arrivals, alone.result.totals.arrivals);
    assert.deepEqual(
      alone.result.series.map((series) => series.name),
      ['GET /a?b=1'],
    );
  });

  it('sends method, fields and body as it is told', async (t) => {
    const seen = new Set<string>();
    const url = await serve(t, (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (piece) => {
        body += piece;
      });
      request.on('end', () => {
        const { method, headers } = request;
        seen.add(`${method} ${headers['x-one']} ${headers.host} ${headers.connection} ${body}`);
        response.end();
      });
    });
    const load = ['--rate', '50', '--for', '1s', '--new-connections'];
    const { result } = await loadResult(url, ...load, '-H', 'X-One: 1', '--body', 'käse');
    assert.equal(result.totals.failed, 0);
    assert.deepEqual([...seen], [`POST 1 ${new URL(url).host} close käse`]);
  });

  it('exits with 1 when a threshold is not met, and counts failures as the time limit', async (t) => {
    let count = 0;
    const url = await serve(t, (_request, response) => {
      response.statusCode = count++ % 10 === 0 ? 503 : 200;
      response.end();
    });
    const load = ['--rate', '200', '--for', '2s', '--timeout', '3s', '--spacing', 'even'];
    const thresholds = ['--threshold', 'errors < 1%', '--threshold', 'p50 < 2s'];
    const { code, result } = await loadResult(url, ...load, ...thresholds);
    assert.equal(code, 1);
    assert.deepEqual(
      result.thresholds.map((one) => one.isMet),
      [false, true],
    );
    assert.deepEqual(result.totals.failures, { status: 40 });
    assert.ok(result.totals.latency.p99Ms >= 2_990, `${result.totals.latency.p99Ms}`);
  });

  it('drops what would be more than may be in flight, and says so', async (t) => {
    const url = await serve(t, (_request, response) => {
      setTimeout(() => response.end(), 500);
    });
    const load = ['--rate', '100', '--for', '1s', '--max-in-flight', '5', '--spacing', 'even'];
    const { code, result } = await loadResult(url, ...load, '--threshold', 'dropped == 0');
    assert.equal(code, 1);
    assert.equal(result.totals.arrivals, 100);
    assert.equal(result.totals.dropped + result.totals.started, 100);
    assert.ok(result.totals.dropped >= 80, `${result.totals.dropped}`);
  });

  it('keeps users waiting for their answers in the closed model', async (t) => {
    let inFlight = 0;
    let peak = 0;
    const url = await serve(t, (_request, response) => {
      peak = Math.max(peak, ++inFlight);
      setTimeout(() => {
        inFlight--;
        response.end();
      }, 50);
    });
    const { result } = await loadResult(url, '--users', '7', '--for', '1s');
    assert.equal(result.totals.failed, 0);
    assert.equal(peak, 7);
  });

  it('holds requests in flight from several addresses, and ends without failures', async (t) => {
    const sources = new Set<string | undefined>();
    let inFlight = 0;
    const url = await serve(t, (request) => {
      inFlight++;
      sources.add(request.socket.remoteAddress);
    });
    const load = ['--hold', '300', '--for', '2s', '--workers', '2'];
    const { result } = await loadResult(`${url}/hold`, ...load, '--from', '127.0.0.2-127.0.0.4');
    assert.equal(inFlight, 300);
    assert.equal(Math.max(...result.slices.map((slice) => slice.inFlight)), 300);
    assert.equal(result.totals.failed, 0);
    assert.deepEqual([...sources].sort(), ['127.0.0.2', '127.0.0.3', '127.0.0.4']);
  });

  it('puts the metrics of the system under test beside the load', async (t) => {
    const metrics = await serve(t, (_request, response) => {
      response.end('# TYPE in_flight gauge\nin_flight{upstream="a"} 7\n');
    });
    const url = await serve(t, ok);
    const { result } = await loadResult(url, '--rate', '20', '--for', '2s', '--scrape', metrics);
    assert.ok(result.slices.some((slice) => slice.metrics['in_flight{upstream="a"}'] === 7));
  });

  it('stops at an interruption, with a result of what was measured', async (t) => {
    const url = await serve(t, ok);
    const file = join(await folder(t), 'result.json');
    const args = [loadMain, url, '--rate', '50', '--for', '1h', '--page', 'off', '--json', file];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    t.after(() => child.kill('SIGKILL'));
    await soon(once(child.stdout, 'data'), 'the first second');
    child.kill('SIGINT');
    await soon(once(child, 'exit'), 'the end of the run');
    const result = JSON.parse(await readFile(file, 'utf8'));
    assert.equal(result.end, 'stopped');
    assert.ok(result.totals.completed > 0);
  });

  it('steers and ends a run from its page', async (t) => {
    const url = await serve(t, ok);
    const port = await freePort();
    const file = join(await folder(t), 'result.json');
    const args = [url, '--rate', '50', '--for', '1h', '--page', `${port}`, '--json', file];
    const child = spawn(process.execPath, [loadMain, ...args], { stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    const control = async (body: object) => {
      const answer = await fetch(`http://127.0.0.1:${port}/control`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: `http://127.0.0.1:${port}` },
        body: JSON.stringify(body),
      });
      assert.ok(answer.ok, await answer.text());
    };
    await eventually(() => control({ kind: 'level', level: 400 }));
    await eventually(async () => {
      // A second at the new rate has passed when the page says so.
      const events = await fetch(`http://127.0.0.1:${port}/events`);
      const reader = (events.body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      await reader.cancel();
      assert.match(Buffer.from(value ?? []).toString(), /"askedPerS":400/);
    });
    await control({ kind: 'stop' });
    await soon(once(child, 'exit'), 'the end of the run');
    const result = JSON.parse(await readFile(file, 'utf8'));
    assert.equal(result.interventions.length, 2);
    const rates = result.slices.map((slice: { started: number }) => slice.started);
    assert.ok(Math.max(...rates) > 300, rates.join());
  });
});

describe('headgate-load SCENARIO', () => {
  it('runs setup once, flows with what it returned, steps measured, and teardown', async (t) => {
    const seen: string[] = [];
    const url = await serve(t, (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end('{"token":"t1"}');
    });
    const file = join(await folder(t), 'scenario.ts');
    await writeFile(
      file,
      `import { constant, defineScenario } from '@headgate/load';
export const scenario = defineScenario({
  target: '${url}',
  arrivals: constant(40, { for: '2s' }),
  setup: async ({ http }) => (await http.post('/login')).json<{ token: string }>(),
  teardown: async ({ http, data }) => { await http.delete('/session/' + data.token); },
  flows: {
    plain: { request: { path: '/plain' } },
    visit: { async run({ http, data, check }) {
      check(data.token === 't1', 'no token');
      await http.get('/one');
      await http.get('/two?' + data.token);
    } },
  },
  thresholds: ['errors == 0', 'visit: p99 < 5s'],
});
`,
    );
    const { code, stderr, result } = await loadResult(file);
    assert.equal(code, 0, stderr);
    assert.equal(seen[0], 'POST /login');
    assert.equal(seen.at(-1), 'DELETE /session/t1');
    assert.equal(seen.filter((line) => line === 'POST /login').length, 1);
    const names = result.series.map((series) => series.name).sort();
    assert.deepEqual(names, ['plain', 'visit', 'visit › GET /one', 'visit › GET /two']);
    assert.ok(result.totals.requests > result.totals.completed);
  });
});

describe('headgate-load refuses', () => {
  const cases: [string, string[], RegExp][] = [
    ['a host that is not this machine', ['http://192.0.2.1/', '--rate', '1'], /--i-own-this-host/],
    ['a run without a load', ['http://127.0.0.1:1/'], /how much load\?/],
    [
      'a threshold it cannot read',
      ['http://127.0.0.1:1/', '--rate', '1', '--threshold', 'p99 < x'],
      /p99/,
    ],
    [
      'two loads at once',
      ['http://127.0.0.1:1/', '--rate', '1', '--users', '1'],
      /one load at a time/,
    ],
    ['a file that is not there', ['nowhere.ts'], /nowhere\.ts/],
  ];
  for (const [what, args, message] of cases) {
    it(`${what}, and sends nothing`, async () => {
      const { code, stderr, stdout } = await headgateLoad(...args);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    });
  }
});

describe('headgate-load compare and report', () => {
  it('finds a slower server, and writes a report that holds its figures', async (t) => {
    const at = await folder(t);
    const run = async (name: string, delayMs: number) => {
      const url = await serve(t, (_request, response) => {
        setTimeout(() => response.end(), delayMs);
      });
      const file = join(at, name);
      const ended = await headgateLoad(url, '--rate', '100', '--for', '4s', '--json', file);
      assert.equal(ended.code, 0, ended.stderr);
      return file;
    };
    const [fast, slow] = [await run('fast.json', 20), await run('slow.json', 60)];
    const worse = await headgateLoad('compare', fast, slow, '--fail-above', '10%');
    assert.equal(worse.code, 1, worse.stdout);
    const same = await headgateLoad('compare', fast, fast);
    assert.equal(same.code, 0, same.stdout);
    const html = join(at, 'report.html');
    assert.equal((await headgateLoad('report', slow, '--html', html)).code, 0);
    assert.match(await readFile(html, 'utf8'), /<!doctype html>/i);
  });
});
