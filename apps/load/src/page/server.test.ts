import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type FakeRun, fakeRun } from './live-run.test-support.ts';
import { sampleRun } from './sample-run.test-support.ts';
import { type Page, startPage } from './server.ts';

const { slices, result } = sampleRun(8);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

describe('the server of the live page', () => {
  let run: FakeRun;
  let page: Page;

  beforeEach(async () => {
    run = fakeRun({}, slices);
    page = await startPage(run, { port: 0 });
  });
  afterEach(() => page.close());

  /** Not `fetch`, which sets Host, Origin and Sec-Fetch-Site as it likes. */
  function ask(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> {
    const { method = 'GET', headers = {}, body } = options;
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, page.url), { method, headers, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  const control = (value: unknown, headers: Record<string, string> = {}) =>
    ask('/control', {
      method: 'POST',
      headers: {
        origin: page.url.slice(0, -1),
        'content-type': 'application/json',
        ...headers,
      },
      body: typeof value === 'string' ? value : JSON.stringify(value),
    });

  it('serves page, script and style, which nothing may keep or embed', async () => {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/page.js', 'text/javascript'],
      ['/page.css', 'text/css'],
    ] as const) {
      const { status, headers, text } = await ask(path);
      assert.equal(status, 200, path);
      assert.ok(String(headers['content-type']).startsWith(type), path);
      assert.equal(headers['cache-control'], 'no-store');
      assert.match(String(headers['content-security-policy']), /default-src 'none'/);
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
      assert.ok(text.length > 1_000, path);
    }
  });

  it('keeps the licence of the chart library with its code', async () => {
    assert.match((await ask('/page.js')).text, /Copyright \(c\) \d+ Leon Sorokin/);
  });

  it('answers to the names of this machine with its port, and to no other', async () => {
    const { port } = new URL(page.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`]) {
      assert.equal((await ask('/', { headers: { host } })).status, 200, host);
    }
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', 'localhost:1']) {
      for (const path of ['/', '/events', '/result.json']) {
        assert.equal((await ask(path, { headers: { host } })).status, 403, host + path);
      }
    }
  });

  it('passes on what the page asks for', async () => {
    const controls = [
      { kind: 'level', level: 120.5 },
      { kind: 'scale', scale: 2 },
      { kind: 'pause' },
      { kind: 'resume' },
      { kind: 'stop' },
    ];
    for (const one of controls) assert.equal((await control(one)).status, 204);
    assert.deepEqual(run.controls, controls);
  });

  it('lets only the page itself steer', async () => {
    const { port } = new URL(page.url);
    const refused: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${port}` },
      { origin: `https://127.0.0.1:${port}` },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of refused) {
      assert.equal((await control({ kind: 'stop' }, headers)).status, 403, JSON.stringify(headers));
    }
    const headers = { 'content-type': 'application/json' };
    const body = '{"kind":"stop"}';
    assert.equal((await ask('/control', { method: 'POST', headers, body })).status, 403);
    assert.deepEqual(run.controls, []);
    const same = { ...headers, 'sec-fetch-site': 'same-origin' };
    assert.equal((await ask('/control', { method: 'POST', headers: same, body })).status, 204);
  });

  it('takes JSON only, since forms reach it from everywhere', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
      assert.equal((await control({ kind: 'stop' }, { 'content-type': type })).status, 415, type);
    }
    const charset = { 'content-type': 'application/json; charset=utf-8' };
    assert.equal((await control({ kind: 'pause' }, charset)).status, 204);
  });

  it('says what is wrong with a control', async () => {
    for (const wrong of [
      '{',
      '',
      'null',
      {},
      { kind: 'explode' },
      { kind: 'level' },
      { kind: 'level', level: -1 },
      { kind: 'level', level: '5' },
      { kind: 'pause', more: 1 },
    ]) {
      const { status, headers, text } = await control(wrong);
      assert.equal(status, 400, JSON.stringify(wrong));
      assert.equal(headers['content-type'], 'application/problem+json');
      assert.ok((JSON.parse(text) as { detail: string }).detail.length > 5);
    }
    assert.equal((await control('1'.repeat(2_000))).status, 413);
    assert.deepEqual(run.controls, []);
  });

  it('passes on why the run cannot do it', async () => {
    run.refusal = 'a trace has no rate to change';
    const { status, text } = await control({ kind: 'level', level: 1 });
    assert.equal(status, 400);
    assert.equal((JSON.parse(text) as { detail: string }).detail, run.refusal);
  });

  it('has result and report only once the run has ended', async () => {
    for (const path of ['/result.json', '/report.html']) {
      assert.equal((await ask(path)).status, 404, path);
    }
    run.end(result);
    assert.deepEqual(JSON.parse((await ask('/result.json')).text), result);
    const report = await ask('/report.html');
    assert.equal(report.status, 200);
    assert.match(report.text, /id="result"/);
    assert.equal((await ask('/nothing')).status, 404);
  });

  it('ends its streams, stops watching and lets go of the port when it is closed', async () => {
    const stream = await fetch(new URL('/events', page.url));
    assert.equal(run.watchers, 1);
    const ended = stream.text().catch(() => 'cut');
    await page.close();
    assert.equal(typeof (await ended), 'string');
    assert.equal(run.watchers, 0);
    await assert.rejects(fetch(page.url));
  });
});

it('a page takes a free port when the wanted one is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const page = await startPage(fakeRun(), { port });
  try {
    assert.notEqual(new URL(page.url).port, String(port));
    assert.equal((await fetch(page.url)).status, 200);
  } finally {
    await page.close();
    other.close();
  }
});
