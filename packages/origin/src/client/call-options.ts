// Owns what one call says, and what it comes to.
import type { TraceContext } from '@headgate/telemetry';
import type { Failure } from './failure.ts';
import type { Fields } from './outgoing-fields.ts';
import type { PartnerCacheTerms } from './partner-options.ts';
import type { Query, Segment } from './request-path.ts';

/** The request a call is made for, as far as the call cares; a `RequestScope` is one. */
export interface CallScope {
  readonly requestId?: string;
  readonly trace?: TraceContext;
  readonly deadline?: { readonly signal?: AbortSignal; remainingMs(): number };
  readonly signal?: AbortSignal;
}

/** How an answer of one call is kept; what is not given comes from the client's `cache`. */
export interface CallCache<T> extends PartnerCacheTerms<T> {
  /** Default: the partner's name and the path. A call with header fields of its own needs one. */
  readonly key?: string;
}

/** One call. */
export interface CallOptions<T = unknown> {
  /** What the body is read as. Default `json`, whatever its content type says. */
  readonly as?: 'json' | 'text' | 'bytes';
  /** Checks the body and gives it a type, as zod's do; throws when it is not what was agreed. */
  readonly schema?: { parse(body: unknown): T };
  /** The same as a function. */
  parse?(body: unknown): T;
  /** The request this call is made for: its id, trace and remaining time go along; its end ends it. */
  readonly scope?: CallScope;
  /** Ends the call as well, on the wire too. */
  readonly signal?: AbortSignal;
  readonly query?: Query;
  readonly headers?: Fields;
  /** Shortens the client's `timeoutMs`, or extends it. */
  readonly timeoutMs?: number;
  /** How this answer is kept; false: not at all, and not looked for. */
  readonly cache?: CallCache<T> | false;
}

/** One call with any method. */
export interface RequestOptions<T = unknown> extends CallOptions<T> {
  /** As it is sent: methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  readonly segments: readonly Segment[];
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; say its `content-type` in `headers`. */
  readonly body?: string | Uint8Array;
  /** Sent as `Idempotency-Key`; the partner vouches that a repetition does nothing twice. */
  readonly idempotencyKey?: string;
}

/** An answer with status 2xx whose body is what was agreed. */
export interface Answered<T> {
  readonly ok: true;
  readonly status: number;
  readonly body: T;
  /** A header field, by lower-case name; an answer from the cache has none. */
  header(name: string): string | undefined;
}

/** A call without a usable answer. */
export interface Failed {
  readonly ok: false;
  readonly failure: Failure;
}

/** What a call came to. */
export type PartnerResult<T> = Answered<T> | Failed;
