/** A configuration and another that has nothing in common with it, and the ways in which it comes. */
import assert from 'node:assert/strict';
import { type AdminPlace, callAdmin } from './admin-call.ts';
import { type ConfigFile, writeConfig } from './config-file.ts';
import { eventually } from './eventually.ts';
import type { ExactLoad } from './exact-load.ts';
import { answersMore } from './lossless-load.ts';
import { change, TOKEN, type WorkerSeen } from './operator.ts';
import { type PatientOrigin, startPatientOrigin } from './patient-origin.ts';
import type { ProxyProcess, TestConfig } from './proxy-process.ts';
import { mountedConfig, renamedConfig } from './replaced-config.ts';

/** How a configuration comes. */
export interface Way {
  readonly name: string;
  /** As the audit calls it. */
  readonly actor: string;
  readonly place: (text: string) => Promise<ConfigFile>;
  /** The file has been replaced already. */
  readonly ask: (proxy: ProxyProcess) => Promise<unknown>;
}

const byItself = { actor: 'watch', ask: async () => {} };

/** All of them. */
export const ways: readonly Way[] = [
  {
    name: 'SIGHUP',
    actor: 'SIGHUP',
    place: writeConfig,
    ask: async (proxy) => proxy.signal('SIGHUP'),
  },
  {
    name: 'POST /api/reload',
    actor: 'admin 127.0.0.1',
    place: writeConfig,
    ask: (proxy) => change(proxy, '/api/reload'),
  },
  { name: 'an edit of the watched file', place: writeConfig, ...byItself },
  { name: 'a file renamed over the watched one', place: renamedConfig, ...byItself },
  { name: 'the swapped symlink of a mounted folder', place: mountedConfig, ...byItself },
];

/** The admin listener of `configBefore`. */
export const admin = { address: '127.0.0.1:0', token: TOKEN };
/** What `configAfter` has in its place. */
export const OTHER_TOKEN = 'another-operator-of-tests';

export interface Origins {
  readonly old: PatientOrigin;
  readonly next: PatientOrigin;
  /** Answers nothing. */
  readonly silent: PatientOrigin;
}

/** Lends them to `act`. */
export async function withOrigins(act: (origins: Origins) => Promise<void>): Promise<void> {
  await using old = await startPatientOrigin('old');
  await using next = await startPatientOrigin('next');
  await using silent = await startPatientOrigin();
  silent.hold();
  await act({ old, next, silent });
}

/** Without a limit that a pause of this machine could bring the edge to. */
export function to(origin: PatientOrigin) {
  return { url: origin.url, maxInFlight: 2_000 };
}

/** Two workers, and everything goes to `old`. */
export function configBefore({ old, next, silent }: Origins, way: Way): TestConfig {
  return {
    admin,
    workers: 2,
    watch: way.actor === 'watch',
    logLevel: 'warn',
    services: {
      app: { upstreams: [to(old)] },
      weighed: { policy: 'round-robin', upstreams: [to(old), to(next)] },
      late: { upstreams: [to(silent)] },
    },
    routes: [
      { match: { path: '/weighed' }, service: 'weighed' },
      { match: { path: '/late' }, service: 'late' },
      { service: 'app' },
    ],
  };
}

/** Nothing stays as it is in `configBefore`, and there is a service that logs what happens to it. */
export function configAfter(
  { old, next, silent }: Origins,
  way: Way,
  adminPort: number,
  accessLog: string,
): TestConfig {
  return {
    admin: { address: `127.0.0.1:${adminPort}`, token: OTHER_TOKEN },
    workers: 3,
    watch: way.actor === 'watch',
    logLevel: 'debug',
    accessLog: { file: accessLog },
    limits: { requestBodySize: '1KiB' },
    services: {
      app: { upstreams: [to(next)] },
      weighed: { policy: 'round-robin', upstreams: [to(old), { ...to(next), weight: 3 }] },
      late: { upstreams: [to(silent)], timeouts: { firstByte: '200ms' }, retries: 0 },
      added: { upstreams: [to(old)] },
      gone: {
        upstreams: [{ url: 'http://127.0.0.1:1' }],
        healthCheck: { type: 'tcp', interval: '500ms' },
      },
    },
    routes: [
      { match: { path: '/weighed' }, service: 'weighed' },
      { match: { path: '/late' }, service: 'late' },
      { match: { path: '/added' }, service: 'added' },
      { service: 'app' },
    ],
  };
}

/** All there are, as the admin listener at `place` has them. */
async function workersAt(place: AdminPlace): Promise<readonly WorkerSeen[]> {
  const { body } = await callAdmin<{ workers: WorkerSeen[] }>(place, '/api/workers');
  return body.workers;
}

/** Waits until so many workers are ready, and no other is there. */
export function awaitReady(place: AdminPlace, count: number): Promise<readonly WorkerSeen[]> {
  return eventually(async () => {
    const workers = await workersAt(place);
    const states = workers.map(({ state }) => state);
    assert.deepEqual(states, new Array(count).fill('ready'));
    return workers;
  });
}

/** Waits until each worker has answered some more. */
async function assertAllServe(place: AdminPlace): Promise<void> {
  const before = new Map((await workersAt(place)).map(({ id, requests }) => [id, requests]));
  await eventually(async () => {
    for (const { id, requests } of await workersAt(place)) {
      assert.ok(requests > (before.get(id) ?? 0), `worker ${id} serves nothing`);
    }
  });
}

/** Waits until `origin` gets nothing of what every worker serves. */
export async function assertQuietEverywhere(
  origin: PatientOrigin,
  load: ExactLoad,
  place: AdminPlace,
): Promise<void> {
  await eventually(async () => {
    const before = origin.asked;
    await assertAllServe(place);
    await answersMore(load);
    assert.equal(origin.asked, before, `${origin.url} is asked`);
  });
}

/** One entry of the audit. */
export interface AuditedChange {
  readonly actor: string;
  readonly action: string;
  readonly result: string;
  readonly changed?: readonly string[];
  readonly why?: string;
}
