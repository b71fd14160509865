/** W3C Trace Context, level 1: the `traceparent` header. https://www.w3.org/TR/trace-context-1/ */
import type { RandomHex } from './random-hex.ts';

/** One step of a trace, as it is told to the next one. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero; the same for every step of a trace. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero; this step. The header calls it `parent-id`. */
  readonly spanId: string;
  /** The caller may have recorded the trace. */
  readonly isSampled: boolean;
}

// A version after 00 may append fields, which start with a dash (section 3.2.4).
const traceparentPattern =
  /^(?!ff)(?<version>[0-9a-f]{2})-(?!0{32})(?<traceId>[0-9a-f]{32})-(?!0{16})(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<more>-.*)?$/;

/** The caller's step; undefined when the header is missing or not valid (section 3.2.2). */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const { version, traceId, spanId, flags, more } = header?.match(traceparentPattern)?.groups ?? {};
  if (!traceId || !spanId || !flags) return undefined;
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header for the next step, in version 00 with no flag but `sampled`. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** A step of our own in the caller's trace. */
export function childTrace(parent: TraceContext, randomHex: RandomHex): TraceContext {
  const { traceId, isSampled } = parent;
  return { traceId, spanId: randomId(16, randomHex), isSampled };
}

/**
 * The first step of a trace. It is marked as sampled: the common samplers behind us follow their
 * caller, and would otherwise never record anything.
 */
export function newTrace(randomHex: RandomHex): TraceContext {
  return { traceId: randomId(32, randomHex), spanId: randomId(16, randomHex), isSampled: true };
}

function randomId(digits: number, randomHex: RandomHex): string {
  const id = randomHex(digits);
  // Looked at in full only when it begins like one of zeros.
  return id.startsWith('00') && /^0+$/.test(id) ? id.replace(/0$/, '1') : id;
}
