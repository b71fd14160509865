// What tests of the Redis store need beside it: waiting, and entries.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisStore } from './redis-store.ts';
import type { Entry } from './store.ts';

const DEADLINE_MS = 20_000;
const PAUSE_MS = 5;

/** An entry that outlives the test. */
export function entry(value: unknown, tags: readonly string[] = []): Entry {
  return { value, ttlMs: 60_000, tags };
}

/** Keeps `value`, as work does that begins and ends now. */
export function keep(store: RedisStore, key: string, value: unknown, tags?: readonly string[]) {
  return store.set(key, entry(value, tags), store.mark());
}

/** What `store` finds under `key`; a store that fails finds nothing. */
export async function find(store: RedisStore, key: string): Promise<unknown> {
  const found = await store.get(key).catch(() => undefined);
  return found?.value;
}

/** Waits until `isTrue`, with a deadline far beyond what anything takes that works. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!(await isTrue())) {
    assert.ok(performance.now() < deadlineMs, `${what} did not happen in time`);
    await sleep(PAUSE_MS);
  }
}

/** Waits until `store` has read the log of purges; returns it. */
export async function inStep(store: RedisStore): Promise<RedisStore> {
  await until('being in step', () => store.status().isInStep);
  return store;
}

/** Waits until `store` is not in step. */
export async function outOfStep(store: RedisStore): Promise<void> {
  await until('falling out of step', () => !store.status().isInStep);
}
