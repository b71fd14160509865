// Owns calls to one partner as callers see them: what goes into one, who shares one, and that every
// call comes to a result rather than an exception.
import { readThrough } from './cache-aside.ts';
import { Call } from './call.ts';
import type { CallOptions, PartnerResult, RequestOptions } from './call-options.ts';
import { Caller, scopeSignalOf } from './caller.ts';
import { createTransport } from './create-transport.ts';
import { Dispatch, type Surroundings } from './dispatch.ts';
import { abortFailure, refusedCall } from './failure.ts';
import { createOrders, type Order } from './order.ts';
import { registerPartner, unregisterPartner } from './partner-metrics.ts';
import { assertPartnerOptions, type PartnerClientOptions } from './partner-options.ts';
import { placesOf } from './places.ts';
import type { Segment } from './request-path.ts';

/** Calls one partner. */
export interface PartnerClient {
  readonly name: string;
  /** Attempts on the wire. */
  readonly inFlight: number;
  /** Calls waiting for their turn. */
  readonly queued: number;
  /** `GET` of the path made of `segments`. Never rejects. */
  get<T = unknown>(
    segments: readonly Segment[],
    options?: CallOptions<T>,
  ): Promise<PartnerResult<T>>;
  /** Any method, with a body or without. Nothing but GET is shared or kept. Never rejects. */
  request<T = unknown>(options: RequestOptions<T>): Promise<PartnerResult<T>>;
  /** Closes every connection; calls that wait or are under way fail as `unreachable`. */
  close(): Promise<void>;
}

const NO_OPTIONS = {};

/** A timer that is to be later than this fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Makes a client; it connects at the first call. Throws a TypeError for an address or a header that
 * is unusable, and a RangeError for a number that makes no sense.
 */
export function createPartnerClient(options: PartnerClientOptions): PartnerClient {
  return createClient(options, {
    createTransport,
    now: () => performance.now(),
    random: Math.random,
  });
}

/** The same with a wire, a clock and chance of the caller's. */
export function createClient(
  options: PartnerClientOptions,
  surroundings: Surroundings,
): PartnerClient {
  assertPartnerOptions(options);
  const { name, coalesce = true, cache: kept, registry } = options;
  const { places, basePath } = placesOf(options);
  const orders = createOrders(basePath, options.headers);
  const dispatch = new Dispatch(options, places, surroundings);
  const shared = new Map<string, Call>();

  const readings = {
    name,
    get inFlight() {
      return dispatch.service.inFlight;
    },
    get queued() {
      return dispatch.queued;
    },
    breaker: dispatch.breaker,
  };
  if (registry) dispatch.meters = registerPartner(registry, readings);

  // What identical calls have in common.
  const keyOf = ({ path, lines, hasOwnFields }: Order) =>
    hasOwnFields ? `${path}\n${lines}` : path;

  const onEnd = (call: Call) => {
    if (call.key !== undefined && shared.get(call.key) === call) shared.delete(call.key);
  };

  function ask<T>(order: Order, call: CallOptions<T>): Promise<PartnerResult<T>> {
    const scopeSignal = scopeSignalOf(call);
    const aborted = call.signal?.aborted ? call.signal : scopeSignal?.aborted && scopeSignal;
    if (aborted) {
      const failure = abortFailure(aborted, `${name} ${order.path}`);
      dispatch.meters?.ended(failure.kind, 0);
      return Promise.resolve({ ok: false, failure });
    }
    const nowMs = dispatch.now();
    const remainingMs = call.scope?.deadline?.remainingMs() ?? Number.POSITIVE_INFINITY;
    const { timeoutMs = dispatch.timeoutMs } = call;
    if (Number.isNaN(timeoutMs)) return refuse('timeoutMs is NaN; give milliseconds');
    const budgetMs = Math.min(timeoutMs, remainingMs, longestTimerMs);
    const isShared = coalesce && order.method === 'GET' && order.body === undefined;
    const key = isShared ? keyOf(order) : undefined;
    const underWay = key === undefined ? undefined : shared.get(key);
    if (underWay?.audience.hasTimeFor(budgetMs, nowMs)) {
      const caller = new Caller(underWay, call, budgetMs, nowMs);
      dispatch.meters?.coalesced();
      underWay.join(caller);
      return caller.result;
    }
    const own = new Call(dispatch, order, key, call.scope, onEnd);
    const caller = new Caller(own, call, budgetMs, nowMs);
    own.audience.add(caller);
    if (key !== undefined) shared.set(key, own);
    own.enter();
    return caller.result;
  }

  // A key makes the cache's answer one for all; what a call's own fields say might not be for all.
  function cacheKey({ path, hasOwnFields }: Order, key: string | undefined): string | undefined {
    if (key !== undefined) return `${name}:${key}`;
    return hasOwnFields ? undefined : `${name}:${path}`;
  }

  function refuse(error: unknown): Promise<PartnerResult<never>> {
    const reason = error instanceof Error ? error.message : String(error);
    const failure = refusedCall(`${name}: ${reason}`);
    dispatch.meters?.ended(failure.kind, 0);
    return Promise.resolve({ ok: false, failure });
  }

  return {
    name,
    get inFlight() {
      return readings.inFlight;
    },
    get queued() {
      return readings.queued;
    },

    get<T>(segments: readonly Segment[], call: CallOptions<T> = NO_OPTIONS) {
      let order: Order;
      try {
        order = orders.get(segments, call);
      } catch (error) {
        return refuse(error);
      }
      if (kept === undefined || call.cache === false) return ask(order, call);
      const key = cacheKey(order, call.cache?.key);
      if (key === undefined) return ask(order, call);
      return readThrough<T>({
        kept,
        key,
        what: `${name} ${order.path}`,
        options: call,
        timeoutMs: call.timeoutMs ?? dispatch.timeoutMs,
        ask: (load) => ask(order, load),
      });
    },

    request<T>(call: RequestOptions<T>) {
      try {
        return ask(orders.request(call), call);
      } catch (error) {
        return refuse(error);
      }
    },

    async close() {
      if (registry) unregisterPartner(registry, readings);
      await dispatch.close();
    },
  };
}
