/** Upstreams whose answers show that they fail: out, and back when they have recovered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMetric } from '../support/admin-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import {
  answerOk,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';
import { steadyRequests } from '../support/steady-requests.ts';

const fail: Script = ({ socket }) => socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n');

async function startOrigins(scripts: readonly Script[], stack: AsyncDisposableStack) {
  const origins = await Promise.all(scripts.map((script) => startOrigin(script)));
  for (const origin of origins) stack.use(origin);
  return origins;
}

function urlsOf(origins: readonly RecordingOrigin[]): string[] {
  return origins.map(({ url }) => url);
}

/** Those that are out. */
async function ejected(proxy: ProxyProcess): Promise<(string | undefined)[]> {
  const samples = await readMetric(proxy, 'headgate_upstream_ejected');
  assert.ok(samples.length > 0);
  return samples.filter(({ value }) => value === 1).map(({ labels }) => labels.upstream);
}

test('few clients hear of an upstream that fails, and it comes back when it has recovered', async () => {
  await using stack = new AsyncDisposableStack();
  const origins = await startOrigins([answerOk, answerOk, fail], stack);
  const bad = origins[2] as RecordingOrigin;
  await using proxy = await startProxyTo(urlsOf(origins));
  const first = await steadyRequests(proxy.port, 6, 500);
  const errors = first.get(500) ?? 0;
  assert.ok(errors > 0 && errors < 30, `${errors} of 500`);
  await eventually(async () => {
    await steadyRequests(proxy.port, 2, 20);
    assert.deepEqual(await ejected(proxy), [bad.url]);
  });

  // It is tried now and then; those requests are served by others.
  const asked = bad.requests.length;
  let later = 0;
  await eventually(async () => {
    const statuses = await steadyRequests(proxy.port, 2, 50);
    later += statuses.get(500) ?? 0;
    assert.ok(bad.requests.length > asked + 1, 'it has not been tried yet');
  });
  assert.equal(later, 0);

  bad.script = answerOk;
  await eventually(async () => {
    await steadyRequests(proxy.port, 2, 50);
    assert.deepEqual(await ejected(proxy), []);
  });
  await eventually(async () => {
    const before = bad.requests.length;
    const statuses = await steadyRequests(proxy.port, 6, 300);
    assert.deepEqual([...statuses.keys()], [200]);
    const share = bad.requests.length - before;
    assert.ok(share > 60, `it got ${share} of 300`);
  });
});

test('one of ten that fails every other time is found out', async () => {
  await using stack = new AsyncDisposableStack();
  let turn = 0;
  const sometimes: Script = (request) => (++turn % 2 === 0 ? fail(request) : answerOk(request));
  const good = Array.from({ length: 9 }, () => answerOk);
  const origins = await startOrigins([...good, sometimes], stack);
  const bad = origins[9] as RecordingOrigin;
  await using proxy = await startProxyTo(urlsOf(origins));
  let errors = 0;
  await eventually(async () => {
    errors += (await steadyRequests(proxy.port, 6, 100)).get(500) ?? 0;
    assert.deepEqual(await ejected(proxy), [bad.url]);
  });
  assert.ok(errors < 60, `${errors} clients heard of it`);
});

test('when all of them fail, nobody is out and all is passed on', async () => {
  await using stack = new AsyncDisposableStack();
  const origins = await startOrigins([fail, fail, fail], stack);
  await using proxy = await startProxyTo(urlsOf(origins));
  // Who is found out first gets less until the others are found out too: enough to see past that.
  const statuses = await steadyRequests(proxy.port, 6, 900);
  assert.deepEqual([...statuses], [[500, 900]]);
  assert.deepEqual(await ejected(proxy), []);
  for (const { requests } of origins) assert.ok(requests.length > 150, `${requests.length} of 900`);
});

test('an upstream that is alone is never out', async () => {
  await using origin = await startOrigin(fail);
  await using proxy = await startProxyTo([origin.url]);
  await steadyRequests(proxy.port, 4, 100);
  assert.deepEqual(await ejected(proxy), []);
  origin.script = answerOk;
  assert.deepEqual([...(await steadyRequests(proxy.port, 4, 50))], [[200, 50]]);
});

test('a failing upstream is no less out after a reload', async () => {
  await using stack = new AsyncDisposableStack();
  const origins = await startOrigins([answerOk, answerOk, fail], stack);
  const bad = origins[2] as RecordingOrigin;
  const urls = urlsOf(origins);
  await using proxy = await startProxyTo(urls);
  await eventually(async () => {
    await steadyRequests(proxy.port, 4, 50);
    assert.deepEqual(await ejected(proxy), [bad.url]);
  });
  const service = { upstreams: urls.map((url) => ({ url })), retries: 1 };
  await proxy.reload({ services: { app: service }, routes: [{ service: 'app' }] });
  const statuses = await steadyRequests(proxy.port, 4, 100);
  assert.deepEqual([...statuses], [[200, 100]]);
});
