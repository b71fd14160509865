import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createItemsApp } from './app.ts';
import type { PartSource } from './parts.ts';

const good = <T>(body: T) => ({ ok: true, status: 200, body, header: () => undefined }) as const;

/** An app whose items have all their parts, except that those of `isPartial` lack the comments. */
function start(isPartial = false) {
  const failure = {
    kind: 'timeout',
    side: 'partner',
    retryable: true,
    message: 'partner /posts/7/comments: no answer in time',
  } as const;
  const parts: PartSource = {
    post: async (id) => good({ id, userId: 1, title: 'title', body: 'body' }),
    comments: async () => (isPartial ? { ok: false, failure } : good([])),
  };
  const given = { instance: 'items-1', feedConcurrency: 8, extraLatencyMs: 0, deadlineMs: 5000 };
  return createItemsApp({ parts, ...given });
}

test('edges may keep an item for a moment, browsers ask each time', async () => {
  const { headers } = await start().request('/items/007');
  assert.deepEqual(
    ['cache-control', 'cdn-cache-control', 'surrogate-key'].map((name) => headers.get(name)),
    ['no-cache', 'max-age=5', 'item:7 items'],
  );
});

test('an item that lacks a part, or is none, is kept by nobody', async () => {
  for (const [app, path] of [
    [start(true), '/items/7'],
    [start(), '/items/abc'],
  ] as const) {
    const { headers } = await app.request(path);
    assert.deepEqual(
      ['cache-control', 'cdn-cache-control', 'surrogate-key'].map((name) => headers.get(name)),
      ['no-store', null, null],
      path,
    );
  }
});
