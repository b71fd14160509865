/** An edge without sockets: requests whose attempts end as the test says. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { FieldLines } from '@headgate/http1';
import type {
  AnswerWriter,
  AttemptListener,
  AttemptOrder,
  Cancellable,
  Carrier,
} from './carrier.ts';
import { type Clock, createClock } from './clock.test-support.ts';
import { type ProxyConfigInput, proxySchema, staticConfig } from './config.ts';
import { createCounts } from './edge-cache/counts.ts';
import { EdgeCache } from './edge-cache/edge-cache.ts';
import { type ErrorPage, type FailedOutcome, failure, type Outcome } from './errors.ts';
import type { PreparedRequest, RequestBody } from './exchange.ts';
import { fieldsIn, requestHead } from './fields.test-support.ts';
import { Peer } from './forwarded.ts';
import { fieldValue } from './headers.ts';
import { type Edge, fetch, serve } from './proxy.ts';
import type { RequestRecord } from './request.ts';
import { buildSnapshot, retireSnapshot } from './snapshot.ts';

export const UPSTREAMS = ['http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:3'];

export interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly version?: string;
  readonly peer?: string;
  readonly lines?: readonly string[];
  readonly hasBody?: boolean;
  readonly canHedge?: boolean;
}

/** What became of one request. */
interface Served {
  readonly record: RequestRecord;
  /** Upstreams by attempt. */
  readonly attempts: readonly string[];
  readonly request: PreparedRequest | undefined;
  readonly page: ErrorPage | undefined;
}

export interface Bench {
  readonly edge: Edge;
  readonly clock: Clock;
  /** All requests that are over, oldest first. */
  readonly finished: readonly RequestRecord[];
  /** Second attempts, by why they were made. */
  readonly counted: { retries: number; hedges: number };
  /** Serves a request whose attempts end as `outcomes` say; the last one repeats. */
  ask(asked: Asked, ...outcomes: (Outcome | Error)[]): Served;
}

export function createBench(t: TestContext, settings: Partial<ProxyConfigInput> = {}): Bench {
  const config = proxySchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    services: {
      items: { upstreams: UPSTREAMS.map((url) => ({ url })), policy: 'round-robin' },
      single: { upstreams: [{ url: UPSTREAMS[0] }], timeouts: { total: '1m' } },
    },
    routes: [
      { match: { path: '/single' }, service: 'single' },
      { match: { path: '/items', methods: ['GET', 'POST'] }, service: 'items' },
      { match: { path: '/any' }, service: 'items' },
    ],
    ...settings,
  });
  const clock = createClock(t);
  const counted = { retries: 0, hedges: 0 };
  const snapshot = buildSnapshot(staticConfig(config), undefined, {
    now: clock.now,
    random: () => 0.5,
    timers: clock.timers,
    metrics: {
      forService: () => ({
        finished() {},
        attempted() {},
        retried: () => counted.retries++,
        hedged: () => counted.hedges++,
      }),
    },
    instance: 'edge-1',
    onEvent() {},
  });
  t.after(() => retireSnapshot(snapshot, undefined));
  const finished: RequestRecord[] = [];
  const edge: Edge = {
    snapshot: () => snapshot,
    now: clock.now,
    timers: clock.timers,
    nextRequestId: () => 'id-1',
    randomHex: (count) => '07'.repeat(count / 2),
    isTimed: false,
    cache: new EdgeCache(
      { maxSizeBytes: 1_048_576, store: undefined, maxEntryBytes: 0 },
      {
        counts: createCounts(),
        now: clock.now,
        epochMs: () => 0,
        fetch: (record, request, carrier) => fetch(edge, record, request, carrier),
        announce() {},
      },
    ),
    inFlight: 0,
    onFinish: (record) => finished.push(record),
  };
  return {
    edge,
    clock,
    finished,
    counted,
    ask(asked, ...outcomes) {
      const attempts: string[] = [];
      let request: PreparedRequest | undefined;
      const body = asked.hasBody ? new Body() : undefined;
      const carrier = new TestCarrier(asked, body, (order, listener) => {
        const { upstream } = order.upstream;
        request = order.request;
        const outcome = outcomes[Math.min(attempts.length, outcomes.length - 1)];
        attempts.push(upstream.key);
        assert.equal(upstream.inFlight, 1);
        if (body) body.isStarted = true;
        if (!outcome || outcome instanceof Error) throw outcome ?? new Error('no outcome left');
        end(listener, outcome);
        return over;
      });
      const before = finished.length;
      serve(edge, headOf(asked), carrier);
      assert.equal(finished.length, before + 1);
      assert.equal(carrier.isFinished, true);
      assert.equal(edge.inFlight, 0);
      for (const service of snapshot.services.values()) assert.equal(service.balancer.inFlight, 0);
      const record = finished.at(-1);
      assert.ok(record);
      return { record, attempts, request, page: carrier.page };
    },
  };
}

type Attempting = (order: AttemptOrder, listener: AttemptListener) => Cancellable;

/** Tells what an attempt does that ends like this: an answer begins first, and may be unwanted. */
export function end(listener: AttemptListener, outcome: Outcome): void {
  const isUnwanted = outcome.kind === 'answered' && !listener.answered(outcome.status, undefined);
  listener.settled(isUnwanted ? failed('upstream-status', { wasAnythingSent: true }) : outcome);
}

/** A client's side of one request, whose attempts go as the test says. */
export class TestCarrier implements Carrier {
  readonly peer: Peer;
  readonly body: RequestBody | undefined;
  readonly extraLines: FieldLines | undefined = undefined;
  readonly writer: AnswerWriter | undefined = undefined;
  readonly canHedge: boolean;
  /** What the client ends when it leaves. */
  life: Cancellable | undefined;
  page: ErrorPage | undefined;
  isFinished = false;
  readonly #attempt: Attempting;

  constructor(
    { peer = '192.0.2.1', canHedge = true }: Asked,
    body: RequestBody | undefined,
    attempt: Attempting,
  ) {
    this.peer = new Peer(peer, 'http');
    this.canHedge = canHedge;
    this.body = body;
    this.#attempt = attempt;
  }

  localAuthority(): string {
    return '127.0.0.1:8080';
  }

  attend(life: Cancellable): void {
    assert.equal(this.life, undefined, 'told twice');
    this.life = life;
  }

  attempt(order: AttemptOrder, listener: AttemptListener): Cancellable {
    return this.#attempt(order, listener);
  }

  refuse(page: ErrorPage): void {
    assert.equal(this.page, undefined, 'refused twice');
    assert.equal(this.isFinished, false, 'refused after the end');
    this.page = page;
  }

  finished(): void {
    assert.equal(this.isFinished, false, 'finished twice');
    this.isFinished = true;
  }
}

class Body implements RequestBody {
  isStarted = false;
  pourInto(): void {}
  abandon(): void {}
  pause(): void {}
  resume(): void {}
}

export const over: Cancellable = { cancel() {} };

export function headOf(asked: Asked) {
  const { method = 'GET', url = '/items', version = '1.1', lines = ['Host: example.com'] } = asked;
  return requestHead(`${method} ${url} HTTP/${version}`, ...lines);
}

/** An attempt that lasts until the test ends it. */
export function lasting() {
  let running: AttemptListener | undefined;
  const cancelled: string[] = [];
  const attempt: Attempting = (_order, listener) => {
    running = listener;
    return {
      cancel(kind, detail) {
        cancelled.push(kind);
        listener.settled({
          ...failure(kind, detail),
          hasResponseStarted: false,
          wasAnythingSent: true,
        });
      },
    };
  };
  return {
    attempt,
    cancelled,
    end(outcome: Outcome) {
      assert.ok(running, 'there was no attempt');
      end(running, outcome);
    },
  };
}

export const ok: Outcome = { kind: 'answered', status: 200 };

export function failed(
  kind: Parameters<typeof failure>[0],
  facts: Partial<Pick<FailedOutcome, 'hasResponseStarted' | 'wasAnythingSent'>> = {},
): FailedOutcome {
  return { ...failure(kind, kind), hasResponseStarted: false, wasAnythingSent: false, ...facts };
}

export function fieldOf(page: ErrorPage | undefined, name: string): string | undefined {
  const headers = page?.headers ?? [];
  return headers.find((_, i) => headers[i - 1] === name && i % 2 === 1);
}

export function sentField(request: PreparedRequest | undefined, name: string): string | undefined {
  return request && fieldValue(fieldsIn(request.lines), name);
}
