import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LimitOptions, startLimit } from './limit.ts';

const late = new Error('late');

function start(options: Partial<LimitOptions> = {}) {
  return startLimit({
    signal: undefined,
    timeoutMs: Number.POSITIVE_INFINITY,
    timeoutReason: () => late,
    ...options,
  });
}

test('its time ends it, once', async () => {
  const reasons: unknown[] = [];
  const controller = new AbortController();
  const limit = start({ timeoutMs: 5, signal: controller.signal });
  limit.watch((reason) => reasons.push(reason));
  while (limit.reason === undefined) await sleep(5);
  controller.abort(new Error('left'));
  assert.deepEqual(reasons, [late]);
  assert.equal(limit.isTimeout, true);
});

test('its signal ends it with the reason of the signal', () => {
  const reasons: unknown[] = [];
  const controller = new AbortController();
  const limit = start({ signal: controller.signal, timeoutMs: 60_000 });
  const unwatch = limit.watch(() => assert.fail('nobody watches any more'));
  limit.watch((reason) => reasons.push(reason));
  unwatch();
  const left = new Error('left');
  controller.abort(left);
  assert.deepEqual(reasons, [left]);
  assert.equal(limit.reason, left);
  assert.equal(limit.isTimeout, false);
});

test('a signal that has aborted ends it from the start', () => {
  const left = new Error('left');
  assert.equal(start({ signal: AbortSignal.abort(left) }).reason, left);
});

test('it ends with the limit around it, before and after its start', async () => {
  const around = start({ timeoutMs: 5 });
  const inner = start({ around, timeoutMs: 60_000 });
  while (inner.reason === undefined) await sleep(5);
  assert.equal(inner.reason, late);
  assert.equal(inner.isTimeout, true);
  assert.equal(start({ around }).reason, late);
});

test('after its release nothing ends it, and nothing is left', () => {
  const controller = new AbortController();
  const around = start({ timeoutMs: 60_000 });
  const limit = start({ signal: controller.signal, timeoutMs: 60_000, around });
  limit.watch(() => assert.fail('it was released'));
  limit.release();
  controller.abort();
  assert.equal(limit.reason, undefined);
  around.release();
});

test('a time longer than any timer is no time', async () => {
  const limit = start({ timeoutMs: 2 ** 40 });
  await sleep(5);
  assert.equal(limit.reason, undefined);
  limit.release();
});
