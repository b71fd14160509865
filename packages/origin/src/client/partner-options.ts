// Owns what a partner client is made with, and what it does where nothing is said.
import type { BreakerOptions, PolicyName } from '@headgate/balancer';
import type { Cache } from '@headgate/cache';
import type { Registry } from '@headgate/telemetry';
import type { Fields } from './outgoing-fields.ts';

/** One address of a partner. */
export interface PartnerUpstream {
  /** `http(s)://host[:port][/base]`. */
  readonly url: string;
  /** Share of the calls relative to the others. Default 1. */
  readonly weight?: number;
}

/** Further attempts at a call that failed. */
export interface RetryOptions {
  /** Attempts of one call, the first included. Default 2. */
  readonly maxAttempts?: number;
  /** Retries per good answer in the long run. Default 0.1. */
  readonly budgetRatio?: number;
}

/** Second attempts at a call that is late. */
export interface HedgeOptions {
  /** Hedges per call in the long run. Default 0.02. */
  readonly budgetRatio?: number;
}

/** How good answers of a partner are kept. */
export interface PartnerCacheTerms<T = unknown> {
  /** How long an answer is fresh, in milliseconds. */
  readonly ttlMs?: number;
  /** For how long afterwards it is given while a new one is asked for. */
  readonly staleWhileRevalidateMs?: number;
  /** For how long afterwards it is given when asking for a new one has failed. */
  readonly staleIfErrorMs?: number;
  /** How long it is remembered that there is none: 404 and 410. Default: not at all. */
  readonly absentTtlMs?: number;
  /** What an answer can be purged by. */
  readonly tags?: readonly string[] | ((body: T, key: string) => readonly string[]);
}

/** Where answers are kept, and how unless a call says otherwise. */
export interface PartnerCacheOptions extends PartnerCacheTerms {
  readonly cache: Cache;
  readonly ttlMs: number;
}

/** What a partner is called with. */
export interface PartnerClientOptions {
  /** Names the partner in messages, metrics and cache keys. */
  readonly name: string;
  /** `http(s)://host[:port][/base]`, one or several with the same base; every path is below it. */
  readonly upstreams: string | readonly (string | PartnerUpstream)[];
  /** How one of several upstreams is picked. Default `least-connections`. */
  readonly policy?: Exclude<PolicyName, 'hash' | 'sticky'>;
  /** Sent with every call that has no such field itself. */
  readonly headers?: Fields;
  /** Longest time for one call in milliseconds, waiting and retries included. Default 5,000. */
  readonly timeoutMs?: number;
  /** Longest time for one attempt in milliseconds. Default: that of the call. */
  readonly attemptTimeoutMs?: number;
  /** Connections to one upstream, and so calls at once on each. Default 64. */
  readonly maxConnections?: number;
  /** Calls on the wire at once, over all upstreams. Default: what the connections allow. */
  readonly maxInFlight?: number;
  /** Calls that may wait; one more is an `overload`. Default 512. */
  readonly maxQueue?: number;
  /** Calls for one request (one `scope`) at once; the others of it wait. Default: any number. */
  readonly maxPerRequest?: number;
  /** Largest answer body in bytes. Default 1 MiB. */
  readonly maxResponseBytes?: number;
  /** Longest time to connect in milliseconds. Default 1,000. */
  readonly connectTimeoutMs?: number;
  /** How long a connection is kept without use in milliseconds. Default 4,000. */
  readonly idleTimeoutMs?: number;
  /** Default: two attempts, a tenth more calls at most. */
  readonly retry?: RetryOptions | false;
  /** Default false: somebody else's load is theirs to raise. */
  readonly hedge?: HedgeOptions | boolean;
  /** Default: closed until nine tenths of at least 20 attempts in 10 s fail, then open for 2 s. */
  readonly breaker?: BreakerOptions | false;
  /** Identical GETs in flight share one. Default true. */
  readonly coalesce?: boolean;
  /** Keeps the answers to GETs. Default: nothing is kept. */
  readonly cache?: PartnerCacheOptions;
  /** Where the metrics of this client go. Default: nowhere. */
  readonly registry?: Registry;
}

/** What a client does where its options say nothing; each with its reason. */
export const partnerDefaults = {
  /** What httpx gives a step, but for the whole call. */
  timeoutMs: 5_000,
  /** 3,000 calls a second at 20 ms each; small beside the files a process may open. */
  maxConnections: 64,
  /** Eight times what the connections carry; behind more the wait is all there is. */
  maxQueue: 512,
  /** Far above an API's answers, far below what hurts. */
  maxResponseBytes: 1024 * 1024,
  /** A SYN is sent again after a second: whoever has not accepted by then is not there. */
  connectTimeoutMs: 1_000,
  /** Common servers keep idle connections for five seconds. */
  idleTimeoutMs: 4_000,
} as const;

/** Throws a RangeError, naming partner and option, for a number that makes no sense. */
export function assertPartnerOptions(options: PartnerClientOptions): void {
  const { name } = options;
  const positive = ['timeoutMs', 'attemptTimeoutMs', 'connectTimeoutMs', 'idleTimeoutMs'] as const;
  for (const option of positive) {
    const value = options[option] ?? 1;
    if (value > 0 && value < Number.POSITIVE_INFINITY) continue;
    throw new RangeError(`partner ${name}: ${option} is ${value}; give milliseconds above 0`);
  }
  const counts = [
    'maxConnections',
    'maxInFlight',
    'maxPerRequest',
    'maxQueue',
    'maxResponseBytes',
  ] as const;
  for (const option of counts) {
    const value = options[option] ?? 1;
    const least = option === 'maxQueue' ? 0 : 1;
    if (Number.isInteger(value) && value >= least) continue;
    throw new RangeError(
      `partner ${name}: ${option} is ${value}; give a whole number from ${least}`,
    );
  }
  const maxAttempts = options.retry ? (options.retry.maxAttempts ?? 2) : 1;
  if (!(Number.isInteger(maxAttempts) && maxAttempts >= 1)) {
    throw new RangeError(
      `partner ${name}: retry.maxAttempts is ${maxAttempts}; give a whole number from 1`,
    );
  }
}
