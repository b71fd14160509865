/** What came of one run. */
import type { UpstreamEvent } from '@headgate/balancer';
import type { Outcome } from './exchange.ts';

/** One bucket of the timeline is this long. */
export const BUCKET_MS = 250;

/** Outcomes as they are stored. */
export const outcomes: readonly Outcome[] = ['good', 'error', 'shed', 'abandoned'];

/** Something that happened to an upstream. */
export interface TimedEvent extends UpstreamEvent {
  readonly key: string;
  readonly edge: number;
}

/** Every request of a run, and what became of the origins. */
export interface Recording {
  readonly arrivalMs: Float64Array;
  readonly latencyMs: Float64Array;
  /** Index in `outcomes`. */
  readonly outcome: Uint8Array;
  /** Requests sent per origin and bucket. */
  readonly picks: readonly Uint32Array[];
  /** Good answers to clients per bucket of when they came. */
  readonly answered: Uint32Array;
  /** Requests under way at the origins at the end of each bucket. */
  readonly inFlight: Uint32Array;
  readonly events: readonly TimedEvent[];
  readonly attempts: number;
  readonly hedges: number;
  /** Requests as the proxies saw them: a client that asks again counts again. */
  readonly accepted: number;
}

/** The figures of the measured part of one run. */
export interface Measured {
  readonly recording: Recording;
  /** Latencies of good answers in order, in milliseconds. */
  readonly latencies: Float64Array;
  /** Those of the central queue for the same requests, in order. */
  readonly bound: Float64Array;
  /** The same of every request of the run, in the order they came. */
  readonly boundMs: Float64Array;
  readonly count: number;
  readonly counts: Readonly<Record<Outcome, number>>;
}

/** Latency that this share of `sorted` does not exceed; NaN when there is none. */
export function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number;
}

/** The part of `recording` between two moments, beside the latencies of the central queue. */
export function measure(
  recording: Recording,
  boundMs: Float64Array,
  fromMs: number,
  toMs: number,
): Measured {
  const { arrivalMs, latencyMs, outcome } = recording;
  const counts = { good: 0, error: 0, shed: 0, abandoned: 0 };
  const latencies: number[] = [];
  const boundLatencies: number[] = [];
  for (let i = 0; i < arrivalMs.length; i++) {
    const at = arrivalMs[i] as number;
    if (at < fromMs || at >= toMs) continue;
    const how = outcomes[outcome[i] as number] as Outcome;
    counts[how]++;
    if (how === 'good') latencies.push(latencyMs[i] as number);
    boundLatencies.push(boundMs[i] as number);
  }
  return {
    recording,
    latencies: Float64Array.from(latencies).sort(),
    bound: Float64Array.from(boundLatencies).sort(),
    boundMs,
    count: boundLatencies.length,
    counts,
  };
}

/** p99 over that of the central queue, and the like. */
export function ratioToBound({ latencies, bound }: Measured, share: number): number {
  return percentile(latencies, share) / percentile(bound, share);
}

/** Requests that got an error or were refused, as a share of all. */
export function errorShare({ counts, count }: Measured): number {
  return (counts.error + counts.shed) / count;
}

/** Good answers per second between two moments. */
export function goodputPerSecond({ recording }: Measured, fromMs: number, toMs: number): number {
  let sum = 0;
  for (let i = Math.round(fromMs / BUCKET_MS); i < Math.round(toMs / BUCKET_MS); i++) {
    sum += recording.answered[i] ?? 0;
  }
  return (sum * 1_000) / (toMs - fromMs);
}

/** Share of the requests sent from `fromMs` until `toMs` that went to one origin, by its index. */
export function shareOf(
  { recording: { picks } }: Measured,
  origin: number,
  fromMs: number,
  toMs: number,
): number {
  let own = 0;
  let all = 0;
  for (let i = Math.round(fromMs / BUCKET_MS); i < Math.round(toMs / BUCKET_MS); i++) {
    for (const counts of picks) all += counts[i] ?? 0;
    own += picks[origin]?.[i] ?? 0;
  }
  return own / all;
}

/** Standard deviation of the origins' shares between two moments, relative to their mean. */
export function shareDeviation(measured: Measured, fromMs: number, toMs: number): number {
  const count = measured.recording.picks.length;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += (shareOf(measured, i, fromMs, toMs) * count - 1) ** 2;
  }
  return Math.sqrt(sum / count);
}

/** The most origins that one proxy had taken out at the same time. */
export function mostAtOnceOut({ recording: { events } }: Measured): number {
  const out = new Set<string>();
  let most = 0;
  for (const { what, key, edge } of events) {
    if (edge !== 0) continue;
    if (what === 'ejected') out.add(key);
    if (what === 'returning') out.delete(key);
    most = Math.max(most, out.size);
  }
  return most;
}
