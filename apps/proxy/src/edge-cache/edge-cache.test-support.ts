/** An edge cache without sockets: guests on paper, and upstreams that answer as the test says. */
import assert from 'node:assert/strict';
import type { RedisStore } from '@headgate/cache';
import type { BodyFraming, FieldLines, ResponseHead } from '@headgate/http1';
import type { AnswerSource, AnswerWriter, Cancellable, Carrier } from '../carrier.ts';
import { type Failure, type FailureKind, failure, statusOf } from '../errors.ts';
import { FakeConnection } from '../exchange.test-support.ts';
import type { PreparedRequest } from '../exchange.ts';
import { requestHead } from '../fields.test-support.ts';
import { createTrustedProxies, Peer } from '../forwarded.ts';
import type { RequestRecord } from '../request.ts';
import type { Route } from '../router.ts';
import type { ServiceRuntime, Snapshot, UpstreamRuntime } from '../snapshot.ts';
import { type CacheCounts, createCounts } from './counts.ts';
import { EdgeCache, type EdgeCacheSettings } from './edge-cache.ts';
import type { CacheGuest, Passage } from './guest.ts';
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

/** How a guest's stay has ended. */
export type Ending =
  | { readonly kind: 'finished'; readonly problem: Failure | undefined; readonly hasBegun: boolean }
  | { readonly kind: 'passed'; readonly passage: Passage }
  | { readonly kind: 'broken'; readonly error: unknown };

/** The client of one guest, that takes bytes or does not. */
class PaperClient implements AnswerWriter {
  /** It asks with HEAD, and gets no bodies. */
  isHead = false;
  /** It takes nothing for now. */
  isSlow = false;
  status = 0;
  framing: BodyFraming = 'none';
  lines = '';
  body = '';
  readonly interims: number[] = [];
  isEnded = false;
  isBrokenOff = false;
  /** Told no more; whatever is written now would be in somebody else's answer. */
  isOver = false;
  /** Thrown by the next thing that is written. */
  defect: Error | undefined;
  #source: AnswerSource | undefined;
  #isBehind = false;

  get hasBegun(): boolean {
    return this.status > 0;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  interim(head: ResponseHead): void {
    this.#check();
    assert.equal(this.hasBegun, false, 'an interim answer in the middle of another');
    this.interims.push(head.status);
  }

  begin(
    status: number,
    _reason: string,
    framing: BodyFraming,
    lines: FieldLines,
    source: AnswerSource | undefined,
  ): void {
    this.#check();
    assert.equal(this.hasBegun, false, 'begun twice');
    this.status = status;
    this.framing = framing;
    this.lines = lines;
    this.#source = source;
  }

  whole(head: string, body: string | Buffer): void {
    const [statusLine = '', ...lines] = head.trimEnd().split('\r\n');
    const length = lines.find((line) => line.startsWith('content-length: '))?.slice(16);
    const fields = lines.filter((line) => !line.startsWith('content-length: '));
    const framing = length === undefined ? 'none' : Number(length);
    const text = fields.map((line) => `${line}\r\n`).join('') as FieldLines;
    this.begin(Number(statusLine.slice(9, 12)), '', framing, text, undefined);
    assert.equal(body.length, framing === 'none' ? 0 : framing, 'another length than it says');
    if (!this.isHead && body.length > 0)
      this.answer(Buffer.from(body as string, 'latin1'), 0, body.length);
  }

  answer(bytes: Buffer, from: number, to: number): void {
    this.#check();
    assert.ok(this.hasBegun, 'a body without a head');
    assert.ok(!this.isEnded, 'more after the end');
    assert.ok(from >= 0 && from < to && to <= bytes.length, `no bytes from ${from} to ${to}`);
    this.body += bytes.toString('latin1', from, to);
    if (typeof this.framing === 'number') assert.ok(this.body.length <= this.framing, 'too long');
  }

  end(): void {
    this.#check();
    this.isEnded = true;
  }

  flush(): boolean {
    this.#check();
    this.#isBehind = this.isSlow;
    return !this.#isBehind;
  }

  breakOff(): void {
    this.#check();
    this.isBrokenOff = true;
  }

  /** Takes what it was sent, and is ready for more. */
  catchUp(): void {
    if (!this.#isBehind || this.isOver) return;
    this.#isBehind = false;
    this.#source?.caughtUp();
  }

  /** The value of a field it was sent. */
  field(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)\r$`, 'im').exec(this.lines)?.[1];
  }

  #check(): void {
    assert.equal(this.isOver, false, 'written to after the end');
    const { defect } = this;
    this.defect = undefined;
    if (defect) throw defect;
  }
}

/** A request in the cache's hands. */
export class PaperGuest implements CacheGuest {
  cacheTurns = 0;
  readonly record: RequestRecord;
  readonly carrier: Carrier;
  readonly client = new PaperClient();
  ending: Ending | undefined;
  #reader: Cancellable | undefined;
  readonly #onEnd: (guest: PaperGuest) => void;
  readonly #goOn: (guest: PaperGuest, passage: Passage) => void;

  constructor(
    record: RequestRecord,
    onEnd: (guest: PaperGuest) => void,
    goOn: (guest: PaperGuest, passage: Passage) => void,
  ) {
    this.#onEnd = onEnd;
    this.#goOn = goOn;
    this.record = record;
    this.client.isHead = this.record.method === 'HEAD';
    this.carrier = {
      peer: new Peer('192.0.2.1', 'http'),
      body: undefined,
      extraLines: undefined,
      writer: this.client,
      canHedge: false,
      localAuthority: () => 'localhost',
      attend() {},
      attempt: () => assert.fail('the cache makes no attempts for a guest'),
      refuse() {},
      finished() {},
    };
  }

  get isOver(): boolean {
    return this.ending !== undefined;
  }

  waits(reader: Cancellable): void {
    assert.equal(this.isOver, false, 'waits after the end');
    this.#reader = reader;
  }

  finishedByCache(problem: Failure | undefined, hasBegun: boolean): void {
    assert.equal(hasBegun, this.client.hasBegun);
    this.#end({ kind: 'finished', problem, hasBegun });
  }

  goOn(passage: Passage): void {
    assert.equal(this.client.hasBegun, false, 'has an answer, and goes on');
    this.#end({ kind: 'passed', passage });
    this.#goOn(this, passage);
  }

  broken(error: unknown): void {
    if (this.isOver) throw error;
    this.#end({ kind: 'broken', error });
  }

  /** The client leaves, or its time is up. */
  leave(kind: FailureKind = 'client-gone'): void {
    if (!this.isOver) this.#reader?.cancel(kind, kind);
  }

  #end(ending: Ending): void {
    assert.equal(this.ending, undefined, 'ended twice');
    this.ending = ending;
    this.#reader = undefined;
    this.client.isOver = true;
    // The parser reads the next request into the same memory.
    if (ending.kind !== 'passed') {
      Object.defineProperty(this.record, 'fields', {
        get: () => assert.fail('the fields of a request that is over'),
      });
    }
    this.#onEnd(this);
  }
}

/** A request the cache has made to an upstream. */
export class PaperFetch {
  readonly record: RequestRecord;
  readonly request: PreparedRequest;
  readonly upstream = new FakeConnection();
  isOver = false;
  readonly #carrier: Carrier;

  constructor(record: RequestRecord, request: PreparedRequest, carrier: Carrier) {
    this.#carrier = carrier;
    this.record = record;
    this.request = request;
    const connections = {
      take: (taker: { connected(connection: FakeConnection): void }) =>
        taker.connected(this.upstream),
      forget() {},
      dropIdle() {},
    };
    const service = { exchangeTimeouts: { firstByteMs: 1_000, idleMs: 1_000 } } as ServiceRuntime;
    let attempt: Cancellable | undefined;
    carrier.attend({ cancel: (kind, detail) => attempt?.cancel(kind, detail) });
    const order = {
      request,
      upstream: { connections } as unknown as UpstreamRuntime,
      service,
      requestLines: '' as FieldLines,
      answerLines: request.idLine,
    };
    attempt = carrier.attempt(order, {
      answered: () => true,
      settled: (outcome) => {
        if (outcome.kind === 'answered') record.status = outcome.status;
        this.#end(outcome.kind === 'answered' ? undefined : outcome);
      },
    });
  }

  get isPaused(): boolean {
    return this.upstream.isPaused;
  }

  /** A head, with what else comes in the same read. */
  head(status: number, lines: readonly string[], body = ''): void {
    const text = [`HTTP/1.1 ${status} Status`, ...lines, '', body].join('\r\n');
    this.upstream.receive(text);
  }

  /** A whole answer of a known length. */
  answer(status: number, lines: readonly string[], body = ''): void {
    this.head(status, [...lines, `Content-Length: ${body.length}`], body);
  }

  chunk(text: string): void {
    this.upstream.receive(`${text.length.toString(16)}\r\n${text}\r\n`);
  }

  lastChunk(): void {
    this.upstream.receive('0\r\n\r\n');
  }

  fail(): void {
    this.upstream.break();
  }

  /** It waits for an upstream, and is sent away instead. */
  shed(retryAfterSeconds: number): void {
    this.#end(failure('overloaded', 'all upstreams are busy', retryAfterSeconds));
  }

  #end(problem: Failure | undefined): void {
    assert.equal(this.isOver, false);
    this.isOver = true;
    if (problem) {
      this.record.failure = problem;
      this.record.status = statusOf(problem.kind);
    }
    this.#carrier.finished();
  }
}

export interface BenchOptions extends Partial<EdgeCacheSettings> {
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
