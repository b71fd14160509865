/** An edge cache without sockets: guests on paper, and upstreams that answer as the test says. */
import assert from 'node:assert/strict';
import type { RedisStore } from '@headgate/cache';
import { requestHead } from '../fields.test-support.ts';
import { createTrustedProxies, Peer } from '../forwarded.ts';
import type { RequestRecord } from '../request.ts';
import type { Route } from '../router.ts';
import type { Snapshot } from '../snapshot.ts';
import { type CacheCounts, createCounts } from './counts.ts';
import { EdgeCache, type EdgeCacheSettings } from './edge-cache.ts';
import type { Passage } from './guest.ts';
import { PaperGuest } from './paper-client.test-support.ts';
import { PaperFetch } from './paper-fetch.test-support.ts';
import { policy } from './policy.test-support.ts';
import type { CachePolicy } from './policy.ts';

/** When tests begin, by the wall clock. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

interface Asked {
  readonly method?: string;
  readonly url?: string;
  /** Whole lines. */
  readonly lines?: readonly string[];
  /** Its client takes nothing for now. */
  readonly isSlow?: boolean;
}

interface BenchOptions extends Partial<EdgeCacheSettings> {
  readonly policy?: Partial<CachePolicy>;
  /** Told when a guest has ended, from within. */
  readonly onEnd?: (guest: PaperGuest) => void;
  readonly onFetch?: (fetch: PaperFetch) => void;
  readonly onPass?: (guest: PaperGuest, passage: Passage) => void;
}

export interface CacheBench {
  readonly cache: EdgeCache;
  readonly counts: CacheCounts;
  /** Oldest first. */
  readonly fetches: PaperFetch[];
  /** Keys other workers have been told of. */
  readonly announced: string[];
  nowMs: number;
  /** What comes of fetching itself, if anything. */
  defect: Error | undefined;
  /** The latest. */
  readonly fetch: PaperFetch;
  ask(asked?: Asked): PaperGuest;
  pass(ms: number): void;
}

let lastId = 0;

export function createCacheBench(options: BenchOptions = {}): CacheBench {
  const { maxSizeBytes = 1_000_000, store, maxEntryBytes = 100_000 } = options;
  const rules = policy(options.policy);
  const counts = createCounts();
  const fetches: PaperFetch[] = [];
  const announced: string[] = [];
  const cache = new EdgeCache(
    { maxSizeBytes, store, maxEntryBytes },
    {
      counts,
      now: () => bench.nowMs,
      epochMs: () => EPOCH_MS + bench.nowMs,
      fetch(record, request, carrier) {
        if (bench.defect) throw bench.defect;
        const fetch = new PaperFetch(record, request, carrier);
        fetches.push(fetch);
        options.onFetch?.(fetch);
      },
      announce: (keys) => announced.push(...keys),
    },
  );
  const bench: CacheBench = {
    cache,
    counts,
    fetches,
    announced,
    nowMs: 1_000,
    defect: undefined,
    get fetch() {
      const latest = fetches.at(-1);
      assert.ok(latest, 'nothing was fetched');
      return latest;
    },
    ask(asked = {}) {
      const record = recordOf(asked, rules, bench.nowMs);
      const guest = new PaperGuest(
        record,
        (ended) => options.onEnd?.(ended),
        (passing, passage) => options.onPass?.(passing, passage),
      );
      guest.client.isSlow = asked.isSlow === true;
      const passage = cache.admit(guest, rules);
      if (passage) guest.goOn(passage);
      return guest;
    },
    pass(ms) {
      bench.nowMs += ms;
    },
  };
  return bench;
}

function recordOf(
  { method = 'GET', url = '/page', lines = [] }: Asked,
  rules: CachePolicy,
  nowMs: number,
): RequestRecord {
  const { fields } = requestHead(`${method} ${url} HTTP/1.1`, 'Host: example.com', ...lines);
  const peer = new Peer('192.0.2.1', 'http');
  const snapshot = {
    caching: [rules],
    router: { match: () => ({ kind: 'found', route: { index: 0 } }) },
  } as unknown as Snapshot;
  const [path = '', query] = url.split('?');
  return {
    id: `id-${++lastId}`,
    trace: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), isSampled: true },
    randomHex: () => '',
    snapshot,
    client: peer.identify('example.com', fields, createTrustedProxies([])),
    method,
    host: 'example.com',
    path,
    query: query === undefined ? '' : `?${query}`,
    targetProblem: undefined,
    fields,
    startedMs: nowMs,
    deadlineMs: Number.POSITIVE_INFINITY,
    stopwatch: undefined,
    stage: 'cache',
    endedAt: 'cache',
    route: { index: 0 } as Route,
    allowed: undefined,
    service: undefined,
    upstream: undefined,
    attempts: 0,
    cached: undefined,
    status: 0,
    failure: undefined,
    error: undefined,
  };
}

/** A store that is in step, with the calls a test cares about. */
export function paperStore(calls: Partial<RedisStore>): RedisStore {
  return {
    name: 'paper',
    mark: () => 7,
    get: async () => undefined,
    getMany: async (keys) => keys.map(() => undefined),
    set: async () => {},
    purge: async () => 'done',
    close: async () => {},
    onPurge: () => () => {},
    lock: async () => undefined,
    status: () => ({ isOpen: false, isInStep: true, lastError: undefined }),
    ...calls,
  };
}
