/** What an operator sees of requests: the access log and the metrics. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { stages } from '@headgate/proxy';
import { readMetric, type Sample } from '../support/admin-client.ts';
import { writeConfig } from '../support/config-file.ts';
import { eventually } from '../support/eventually.ts';
import { refusingUrl } from '../support/free-port.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, get, getText, openClient } from '../support/raw-client.ts';
import { type Script, startOrigin } from '../support/recording-origin.ts';

interface LogLine {
  readonly time: string;
  readonly id: string;
  readonly trace: string;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly route?: number;
  readonly service?: string;
  readonly upstream?: string;
  readonly attempts: number;
  readonly status: number;
  readonly failure?: string;
  readonly endedAt: string;
  readonly durationMs: number;
  readonly stagesMs: Record<string, number>;
}

const script: Script = (request) => {
  if (request.target === '/reset') request.socket.resetAndDestroy();
  else if (request.target.startsWith('/silent')) return;
  else request.answer('ok');
};

async function readLines(path: string, count: number): Promise<LogLine[]> {
  return eventually(async () => {
    const text = await readFile(path, 'utf8');
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, count, text);
    return lines.map((line) => JSON.parse(line) as LogLine);
  });
}

async function sum(
  proxy: ProxyProcess,
  metric: string,
  matches: (labels: Sample['labels']) => boolean = () => true,
): Promise<number> {
  const samples = await readMetric(proxy, metric);
  return samples
    .filter(({ labels }) => matches(labels))
    .reduce((total, { value }) => total + value, 0);
}

test('the access log has one JSON line per request, with the nine stages', async () => {
  await using folder = await writeConfig('');
  const file = folder.sibling('access.log');
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo(
    [origin.url],
    { retries: 0 },
    {
      accessLog: { file },
      routes: [{ match: { path: '/*', methods: ['GET'] }, service: 'app' }],
    },
  );
  const served = await get(proxy.port, '/ok?secret=1');
  await exchangeOnce(proxy.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  await get(proxy.port, '/reset');
  await using client = await openClient(proxy.port);
  client.send(getText('/silent'));
  await eventually(() => assert.equal(origin.last.target, '/silent'));
  client.reset();

  const lines = await readLines(file, 4);
  for (const line of lines) {
    assert.deepEqual(Object.keys(line.stagesMs), [...stages]);
    assert.ok(stages.some((stage) => stage === line.endedAt));
    assert.ok(Object.values(line.stagesMs).every((ms) => ms >= 0));
    assert.ok(line.durationMs >= 0);
    assert.equal(line.client, '127.0.0.1');
    assert.match(line.trace, /^[0-9a-f]{32}$/);
    assert.ok(!Number.isNaN(Date.parse(line.time)));
  }
  const [ok, refused, broken, gone] = lines as [LogLine, LogLine, LogLine, LogLine];
  assert.equal(ok.id, served.header('x-request-id'));
  assert.equal(ok.path, '/ok');
  assert.equal(ok.host, 'edge.test');
  assert.deepEqual(
    [ok.status, ok.failure, ok.service, ok.upstream, ok.route, ok.attempts, ok.endedAt],
    [200, undefined, 'app', origin.url, 0, 1, 'settle'],
  );
  assert.deepEqual(
    [refused.status, refused.failure, refused.service, refused.attempts, refused.endedAt],
    [405, 'method-refused', undefined, 0, 'route'],
  );
  assert.deepEqual([broken.status, broken.failure], [502, 'upstream-reset']);
  assert.deepEqual([gone.status, gone.failure], [499, 'client-gone']);
});

test('the access log is complete when the edge has drained', async () => {
  await using folder = await writeConfig('');
  const file = folder.sibling('access.log');
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo([origin.url], {}, { accessLog: { file } });
  for (let i = 0; i < 50; i++) await get(proxy.port, `/${i}`);
  proxy.signal('SIGTERM');
  assert.equal((await proxy.exited).code, 0);
  const paths = (await readLines(file, 50)).map(({ path }) => path);
  assert.deepEqual(
    paths,
    Array.from({ length: 50 }, (_, i) => `/${i}`),
  );
});

test('every request is counted once, under the stage that decided about it', async () => {
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo(
    [origin.url],
    { retries: 0 },
    {
      routes: [
        { match: { path: '/else', methods: ['GET'] }, service: 'app' },
        { match: { path: '/in/*' }, service: 'app' },
        { match: { path: '/reset' }, service: 'app' },
      ],
    },
  );
  for (let i = 0; i < 3; i++) await get(proxy.port, '/in/');
  await get(proxy.port, '/nowhere');
  await exchangeOnce(proxy.port, 'POST /else HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  await exchangeOnce(proxy.port, 'GET /in/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  await get(proxy.port, '/reset');

  const ends = await readMetric(proxy, 'headgate_request_ends_total');
  for (const { labels } of ends) {
    assert.deepEqual(Object.keys(labels), ['stage']);
    assert.ok(
      stages.some((stage) => stage === labels.stage),
      String(labels.stage),
    );
  }
  const byStage = Object.fromEntries(ends.map(({ labels, value }) => [labels.stage, value]));
  assert.deepEqual(byStage, { settle: 4, route: 2, guard: 1 });

  assert.equal(await sum(proxy, 'headgate_requests_total'), 7);
  assert.equal(await sum(proxy, 'headgate_requests_total', (l) => l.status === '200'), 3);
  assert.equal(await sum(proxy, 'headgate_requests_total', (l) => l.status === '502'), 1);
  assert.equal(await sum(proxy, 'headgate_request_duration_seconds_count'), 7);
  assert.equal(
    await sum(proxy, 'headgate_upstream_attempts_total', (l) => l.outcome === 'answered'),
    3,
  );
  assert.equal(
    await sum(proxy, 'headgate_upstream_attempts_total', (l) => l.outcome === 'upstream-reset'),
    1,
  );
});

test('attempts, retries and connections are counted', async () => {
  await using origin = await startOrigin(script);
  const refusing = await refusingUrl();
  await using proxy = await startProxyTo([refusing, origin.url], { policy: 'round-robin' });
  await using client = await openClient(proxy.port);
  for (let i = 0; i < 2; i++) {
    client.send(getText());
    await client.response();
  }
  assert.equal(await sum(proxy, 'headgate_client_connections'), 1);
  const retries = await sum(proxy, 'headgate_retries_total');
  // A retry takes a turn as well, so it depends on where the rotation starts.
  assert.ok(retries === 1 || retries === 2, `${retries} retries`);
  const refused = await sum(
    proxy,
    'headgate_upstream_attempts_total',
    (l) => l.upstream === refusing && l.outcome === 'connect-failed',
  );
  assert.equal(refused, retries);
});

test('metrics are in the text format of Prometheus', async () => {
  await using origin = await startOrigin(script);
  await using proxy = await startProxyTo([origin.url]);
  await get(proxy.port);
  const response = await get(proxy.adminPort, '/metrics');
  assert.match(response.header('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  for (const line of response.text.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|[a-zA-Z_:][\w:]*(\{.*\})? (\S+))$/);
  }
});
