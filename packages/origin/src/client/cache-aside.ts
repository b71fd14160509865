// Owns the way of a call through the cache: what is found there is the answer, what is not is asked
// for once, for all who wait, and kept when it is good.
import type { GetOrSetOptions } from '@headgate/cache';
import type { CallCache, CallOptions, PartnerResult } from './call-options.ts';
import { scopeSignalOf } from './caller.ts';
import { abortFailure, type Failure, failureOf, refusedCall, statusFailure } from './failure.ts';
import { PartnerAnswer } from './partner-answer.ts';
import { PartnerError } from './partner-error.ts';
import type { PartnerCacheOptions } from './partner-options.ts';

/** What a call through the cache is about. */
export interface Lookup<T> {
  readonly kept: PartnerCacheOptions;
  readonly key: string;
  /** Names partner and path. */
  readonly what: string;
  readonly options: CallOptions<T>;
  /** Longest time for the partner to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Asks the partner; `options` are those of the load, not of any caller. */
  ask(options: CallOptions<T>): Promise<PartnerResult<T>>;
}

// The load has its own end; the cache's own is there for loaders that have none.
const graceMs = 1_000;

/**
 * Finds the answer or asks for it. Every caller leaves at its own deadline, so none of theirs ends
 * the load as long as somebody waits for it. Never rejects.
 */
export async function readThrough<T>(lookup: Lookup<T>): Promise<PartnerResult<T>> {
  const { kept, key, what, options, timeoutMs, ask } = lookup;
  const { as, schema, parse, scope, query, headers } = options;
  const { requestId, trace } = scope ?? {};
  const signal = signalOf(options);
  const terms = { ...kept, ...(options.cache || {}) } as PartnerCacheOptions & CallCache<T>;

  const load = async (loadSignal: AbortSignal): Promise<T | undefined> => {
    const result = await ask({
      ...(as && { as }),
      ...(schema && { schema }),
      ...(parse && { parse }),
      ...(query && { query }),
      ...(headers && { headers }),
      scope: { ...(requestId && { requestId }), ...(trace && { trace }) },
      signal: loadSignal,
      timeoutMs,
    });
    if (result.ok) return result.body;
    const isAbsent = result.failure.status === 404 || result.failure.status === 410;
    if (isAbsent && terms.absentTtlMs !== undefined) return undefined;
    throw new PartnerError(result.failure);
  };

  try {
    const body = await kept.cache.getOrSet<T | undefined>(key, load, {
      ...keepOptions(terms),
      loaderTimeoutMs: timeoutMs + graceMs,
      ...(signal && { signal }),
    });
    // An answer without a body is one too, unless absence is what is remembered.
    if (body === undefined && terms.absentTtlMs !== undefined) {
      return { ok: false, failure: statusFailure(404, `${what}: answered 404, as far as kept`) };
    }
    return new PartnerAnswer(200, body as T);
  } catch (error) {
    return { ok: false, failure: failureIn(error, signal, what) };
  }
}

function failureIn(error: unknown, signal: AbortSignal | undefined, what: string): Failure {
  if (error instanceof PartnerError) return error.failure;
  if (signal?.aborted && error === signal.reason) return abortFailure(signal, what);
  if (error instanceof Error && error.name === 'TimeoutError') {
    return failureOf('timeout', `${what}: no answer in time`);
  }
  return refusedCall(`${what}: ${error instanceof Error ? error.message : String(error)}`);
}

function keepOptions<T>(terms: PartnerCacheOptions & CallCache<T>): GetOrSetOptions<T | undefined> {
  const { ttlMs, staleWhileRevalidateMs, staleIfErrorMs, absentTtlMs, tags } = terms;
  return {
    ttlMs,
    ...(staleWhileRevalidateMs !== undefined && { staleWhileRevalidateMs }),
    ...(staleIfErrorMs !== undefined && { staleIfErrorMs }),
    ...(absentTtlMs !== undefined && { absentTtlMs }),
    ...(tags !== undefined && {
      tags:
        typeof tags === 'function'
          ? (body: T | undefined, key: string) => (body === undefined ? [] : tags(body, key))
          : tags,
    }),
  };
}

/** What ends the wait of this caller: its own signal, that of its request, or the first of both. */
function signalOf(options: Pick<CallOptions, 'scope' | 'signal'>): AbortSignal | undefined {
  const { signal } = options;
  const scopeSignal = scopeSignalOf(options);
  if (signal && scopeSignal) return AbortSignal.any([signal, scopeSignal]);
  return signal ?? scopeSignal;
}
