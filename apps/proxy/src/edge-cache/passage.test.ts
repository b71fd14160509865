import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf } from '../fields.test-support.ts';
import { createCacheBench } from './edge-cache.test-support.ts';
import type { PaperGuest } from './paper-client.test-support.ts';

const FOR_ALL = fieldsOf('Cache-Control: max-age=60');

function passageOf({ ending }: PaperGuest) {
  assert.ok(ending?.kind === 'passed');
  return ending.passage;
}

function createMarked() {
  const bench = createCacheBench();
  bench.ask();
  bench.fetch.answer(200, ['Cache-Control: private'], 'mine');
  const guest = bench.ask();
  return { bench, guest, passage: passageOf(guest) };
}

test('a request that passes the cache says why', () => {
  const { passage, guest } = createMarked();
  assert.equal(passage.statusLine, 'cache-status: headgate; fwd=uri-miss\r\n');
  assert.equal(guest.record.cached, 'pass');
  const { ask } = createCacheBench({ policy: { tellsStatus: false } });
  assert.equal(passageOf(ask({ method: 'POST' })).statusLine, '');
});

test('who asks for what lately was not for all need not wait, until an answer for all is seen', () => {
  const { bench, passage } = createMarked();
  passage.observe(200, fieldsOf('Cache-Control: no-store'));
  assert.equal(bench.ask().ending?.kind, 'passed');
  passage.observe(200, FOR_ALL);
  const guest = bench.ask();
  assert.equal(guest.isOver, false);
  bench.fetch.answer(200, ['Cache-Control: max-age=60'], 'for all');
  assert.equal(bench.ask().client.body, 'for all');
});

test('the answer to a HEAD does not say that those to a GET are for all', () => {
  const { bench } = createMarked();
  passageOf(bench.ask({ method: 'HEAD' })).observe(200, FOR_ALL);
  assert.equal(bench.ask().ending?.kind, 'passed');
});

test('what only the origin can tell is asked of the origin, each time', () => {
  const bench = createCacheBench();
  for (const asked of [
    { lines: ['If-Match: "1"'] },
    { lines: ['If-Unmodified-Since: Thu, 01 Jan 2026 00:00:00 GMT'] },
    { lines: ['Cache-Control: no-store'] },
    { method: 'OPTIONS' },
    { method: 'PUT' },
  ]) {
    assert.equal(bench.ask(asked).ending?.kind, 'passed');
  }
  assert.equal(bench.fetches.length, 0);
});

test('a request that changes something makes invalid what its answer names, on its own host', async () => {
  const bench = createCacheBench();
  const urls = ['/page', '/made', '/at', '/else'];
  for (const url of urls) {
    bench.ask({ url });
    bench.fetch.answer(200, ['Cache-Control: max-age=60'], 'old');
  }
  const passage = passageOf(bench.ask({ method: 'POST' }));
  passage.observe(
    201,
    fieldsOf('Location: /made', 'Content-Location: http://example.com/at', 'Refresh: /else'),
  );
  assert.deepEqual(
    bench.announced,
    ['/page', '/made', '/at'].map((url) => `http://example.com${url}`),
  );
  assert.deepEqual(
    urls.map((url) => bench.ask({ url }).isOver),
    [false, false, false, true],
  );
  assert.equal(bench.counts.invalidations, 3);
});

test('what a safe request finds out makes nothing invalid', () => {
  const bench = createCacheBench();
  const asked = [{ method: 'OPTIONS' }, { method: 'HEAD' }, { lines: ['If-Match: "1"'] }];
  for (const each of asked) passageOf(bench.ask(each)).observe(200, FOR_ALL);
  assert.deepEqual(bench.announced, []);
});
