// Owns when and where a partner's calls are sent: the upstreams, the queue before them, and what
// bounds further attempts. One per client.
import {
  type Ask,
  type Breaker,
  createBreaker,
  createHedging,
  createPolicy,
  createQueue,
  createRetryBudget,
  createService,
  createUpstream,
  type Hedging,
  isTooShort,
  type Lease,
  type Pass,
  type Queue,
  type Random,
  type RetryBudget,
  retryAfterSeconds,
  type Service,
  type Upstream,
} from '@headgate/balancer';
import type { Call } from './call.ts';
import { failureOf } from './failure.ts';
import type { CallMeters } from './partner-metrics.ts';
import { type PartnerClientOptions, partnerDefaults } from './partner-options.ts';
import { PerRequest } from './per-request.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** What a client is given from outside. */
export interface Surroundings {
  createTransport(options: TransportOptions): Transport;
  /** Monotonic clock in milliseconds. */
  now(): number;
  readonly random: Random;
}

/** An address of a partner, taken apart. */
export interface Place {
  readonly url: URL;
  readonly weight: number;
}

const NONE: readonly Upstream[] = [];

/** So long after the last pick, in milliseconds, nobody knows how quick upstreams are. */
const SEEN_MS = 1_000;

/** The way of all calls to one partner. */
export class Dispatch {
  readonly name: string;
  readonly service: Service;
  readonly breaker: Breaker | undefined;
  readonly hedging: Hedging | undefined;
  readonly retryBudget: RetryBudget | undefined;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number | undefined;
  readonly perRequest: PerRequest | undefined;
  readonly random: Random;
  readonly now: () => number;
  meters: CallMeters | undefined;
  isClosed = false;
  readonly #transports = new Map<Upstream, Transport>();
  /** Newest first once the oldest has used up half of its time: then not all can be in time. */
  readonly #queue: Queue<Call>;
  readonly #maxQueue: number;
  /** Most calls on the wire at once. */
  readonly #capacity: number;
  readonly #ask: { -readonly [Key in keyof Ask]: Ask[Key] } = {
    nowMs: 0,
    tried: NONE,
    isRepeatable: false,
    hash: undefined,
    stickTo: undefined,
  };
  #isPassingOn = false;

  /** Throws an Error when two places have the same host. */
  constructor(
    options: PartnerClientOptions,
    places: readonly Place[],
    { createTransport, now, random }: Surroundings,
  ) {
    const { name, policy = 'least-connections', retry = {}, hedge = false, breaker = {} } = options;
    const { maxConnections = partnerDefaults.maxConnections, maxInFlight } = options;
    this.name = name;
    this.now = now;
    this.random = random;
    this.timeoutMs = options.timeoutMs ?? partnerDefaults.timeoutMs;
    this.attemptTimeoutMs = options.attemptTimeoutMs;
    this.#maxQueue = options.maxQueue ?? partnerDefaults.maxQueue;
    this.#capacity = Math.min(
      maxInFlight ?? Number.POSITIVE_INFINITY,
      maxConnections * places.length,
    );
    this.#queue = createQueue<Call>({
      burstMs: this.timeoutMs / 2,
      longestMs: Number.POSITIVE_INFINITY,
    });
    for (const { url, weight } of places) {
      const upstream = createUpstream({ key: url.origin, weight, maxInFlight: maxConnections });
      const transport = createTransport({
        url,
        maxConnections,
        maxResponseBytes: options.maxResponseBytes ?? partnerDefaults.maxResponseBytes,
        connectTimeoutMs: options.connectTimeoutMs ?? partnerDefaults.connectTimeoutMs,
        idleTimeoutMs: options.idleTimeoutMs ?? partnerDefaults.idleTimeoutMs,
      });
      this.#transports.set(upstream, transport);
    }
    this.service = createService({
      name,
      policy: createPolicy(policy),
      upstreams: [...this.#transports.keys()],
      random,
      maxInFlight,
    });
    this.breaker = breaker ? createBreaker(breaker) : undefined;
    this.hedging = hedge ? createHedging(hedge === true ? {} : hedge) : undefined;
    const { maxAttempts = 2, budgetRatio: ratio = 0.1 } = retry || {};
    this.maxAttempts = retry ? maxAttempts : 1;
    this.retryBudget = retry ? createRetryBudget({ ratio }) : undefined;
    const { maxPerRequest } = options;
    this.perRequest = maxPerRequest === undefined ? undefined : new PerRequest(maxPerRequest);
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Sends `call` now, has it wait, or fails it. */
  begin(call: Call, nowMs: number): void {
    if (this.isClosed) {
      call.fail(failureOf('unreachable', `${call.what}: the client has been closed`), nowMs);
      return;
    }
    const leftMs = call.endMs - nowMs;
    if (this.#isTooLate(leftMs, nowMs)) this.#failTooLate(call, leftMs, nowMs);
    else if (this.#queue.length > 0 || !this.#send(call, nowMs)) this.#wait(call, leftMs, nowMs);
  }

  /** An upstream may have room again. */
  freed(): void {
    if (this.#isPassingOn || this.#queue.length === 0) return;
    this.#isPassingOn = true;
    const nowMs = this.now();
    for (let next = this.#queue.next(nowMs); next; next = this.#queue.next(nowMs)) {
      const leftMs = next.endMs - nowMs;
      if (this.isClosed) this.begin(next, nowMs);
      else if (this.#isTooLate(leftMs, nowMs)) this.#failTooLate(next, leftMs, nowMs);
      else if (next.isWanted && !this.#send(next, nowMs)) break;
      this.#queue.remove(next);
    }
    this.#isPassingOn = false;
  }

  /** `call` waits no longer. */
  leave(call: Call): void {
    this.#queue.remove(call);
  }

  /** A second upstream beside those in `tried`, or the only one there is. */
  acquireBeside(tried: readonly Upstream[], nowMs: number): Lease | undefined {
    const isOnly = this.service.upstreams.length === 1;
    const lease = this.#acquire(isOnly ? NONE : tried, true, nowMs);
    return typeof lease === 'string' ? undefined : lease;
  }

  transportTo(upstream: Upstream): Transport {
    return this.#transports.get(upstream) as Transport;
  }

  /** Whether somebody looks for `headgate-load`: whoever says it always does, others now and then. */
  maySayLoad({ reported, requests }: Upstream): boolean {
    return this.#transports.size > 1 && (reported.reportedMs > 0 || requests % 64 === 1);
  }

  /**
   * Was that long enough for an answer, so that its absence is the partner's fault? The caller may
   * have had too little time.
   */
  isOverdue(waitedMs: number): boolean {
    const { quickestMs } = this.service;
    const usual = quickestMs > 0 ? Math.max(100, 10 * quickestMs) : Number.POSITIVE_INFINITY;
    return waitedMs >= Math.min(usual, this.timeoutMs / 2);
  }

  /** Fails what waits, and closes every connection. */
  async close(): Promise<void> {
    this.isClosed = true;
    const closings = [...this.#transports.values()].map((transport) => transport.close());
    this.freed();
    await Promise.all(closings);
  }

  /** False when there is no room; true when it is sent, or refused by the breaker. */
  #send(call: Call, nowMs: number): boolean {
    const { breaker } = this;
    const pass: Pass | undefined = breaker ? breaker.admit(nowMs) : 0;
    if (pass === undefined) {
      const retryAfterMs = breaker?.waitMs(nowMs) ?? 0;
      const message = `${call.what}: not asked, because most calls failed lately`;
      call.fail(failureOf('open', message, retryAfterMs), nowMs);
      return true;
    }
    const isRepeatable = call.order.isIdempotent && this.maxAttempts > 1;
    let lease = this.#acquire(call.tried, isRepeatable, nowMs);
    // All have been tried: one of them is asked again.
    if (lease === 'none') lease = this.#acquire(NONE, isRepeatable, nowMs);
    if (typeof lease === 'string') {
      breaker?.settle(pass, 'ignored', nowMs);
      return false;
    }
    this.#queue.remove(call);
    call.send(lease, pass, nowMs);
    return true;
  }

  #acquire(tried: readonly Upstream[], isRepeatable: boolean, nowMs: number): Lease | string {
    const ask = this.#ask;
    ask.nowMs = nowMs;
    ask.tried = tried;
    ask.isRepeatable = isRepeatable;
    return this.service.acquire(ask);
  }

  #wait(call: Call, leftMs: number, nowMs: number): void {
    const { length } = this.#queue;
    const { quickestMs } = this.service;
    // Whoever is let in now is answered when those before it have been, so many at a time.
    const expectedMs = quickestMs * (1 + length / this.#capacity);
    const isFull = length >= this.#maxQueue;
    if (!isFull && expectedMs <= leftMs) {
      this.#queue.offer(call, nowMs, Number.POSITIVE_INFINITY);
      return;
    }
    const why = isFull ? 'too many calls waiting' : `behind ${length} calls, too late to wait`;
    const ratePerSecond = quickestMs > 0 ? (this.#capacity * 1_000) / quickestMs : 0;
    const retryAfterMs = 1_000 * retryAfterSeconds(length, ratePerSecond, this.random);
    call.fail(failureOf('overload', `${call.what}: ${why}`, retryAfterMs), nowMs);
  }

  /** Is less time left than any upstream takes, for all that has been seen lately? */
  #isTooLate(leftMs: number, nowMs: number): boolean {
    if (leftMs <= 0) return true;
    if (!isTooShort(leftMs, this.service.quickestMs)) return false;
    // Without a call now and then, nobody would see that they have become quicker.
    return this.service.upstreams.some(({ pickedMs }) => nowMs - pickedMs < SEEN_MS);
  }

  #failTooLate(call: Call, leftMs: number, nowMs: number): void {
    const left = Math.max(0, Math.round(leftMs));
    const message = `${call.what}: in the ${left} ms left it would not answer`;
    call.fail(failureOf('timeout', message), nowMs);
  }
}
