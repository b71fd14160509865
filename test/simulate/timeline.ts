/** What a run was like over time: the figures its charts are drawn from. */
import { BUCKET_MS, type Measured, outcomes, percentile } from './measured.ts';

/** One value per step; NaN where there is nothing to tell. */
export interface Timeline {
  readonly stepMs: number;
  readonly lengthMs: number;
  /** Latency of good answers, by when their requests came, in milliseconds. */
  readonly p50Ms: Float64Array;
  readonly p90Ms: Float64Array;
  readonly p99Ms: Float64Array;
  /** That of the central queue. */
  readonly boundP99Ms: Float64Array;
  /** Share of the requests sent, by origin. */
  readonly shares: readonly Float64Array[];
  /** Requests under way at all origins. */
  readonly inFlight: Float64Array;
  /** Good answers to clients, by when they came. */
  readonly goodPerSecond: Float64Array;
  /** Requests that ended without a good answer, by when they came. */
  readonly errorsPerSecond: Float64Array;
  readonly shedPerSecond: Float64Array;
  readonly leftPerSecond: Float64Array;
}

/** More would be finer than a chart can show. */
const MOST_STEPS = 80;

/** Steps of a second, or longer ones for a long run. */
export function timelineOf({ recording, boundMs }: Measured): Timeline {
  const { arrivalMs, latencyMs, outcome, picks, inFlight, answered } = recording;
  const buckets = inFlight.length;
  const perStep = Math.max(1_000 / BUCKET_MS, Math.ceil(buckets / MOST_STEPS));
  const stepMs = perStep * BUCKET_MS;
  const steps = Math.ceil(buckets / perStep);
  const stepOf = (request: number) => Math.floor((arrivalMs[request] as number) / stepMs);

  const latencies = Array.from({ length: steps }, (): number[] => []);
  const bounds = Array.from({ length: steps }, (): number[] => []);
  const ended = outcomes.map(() => new Float64Array(steps));
  for (let i = 0; i < arrivalMs.length; i++) {
    const step = stepOf(i);
    const how = outcome[i] as number;
    const counts = ended[how] as Float64Array;
    counts[step] = (counts[step] as number) + 1_000 / stepMs;
    bounds[step]?.push(boundMs[i] as number);
    if (outcomes[how] === 'good') latencies[step]?.push(latencyMs[i] as number);
  }
  const sorted = latencies.map((values) => Float64Array.from(values).sort());
  const overTime = (share: number) => Float64Array.from(sorted, (of) => percentile(of, share));
  const sent = picks.map((counts) => sums(counts, perStep, steps));
  const sentToAll = Float64Array.from({ length: steps }, (_, step) =>
    sent.reduce((sum, counts) => sum + (counts[step] as number), 0),
  );
  return {
    stepMs,
    lengthMs: buckets * BUCKET_MS,
    p50Ms: overTime(0.5),
    p90Ms: overTime(0.9),
    p99Ms: overTime(0.99),
    boundP99Ms: Float64Array.from(bounds, (of) => percentile(Float64Array.from(of).sort(), 0.99)),
    shares: sent.map((counts) => counts.map((count, step) => count / (sentToAll[step] as number))),
    inFlight: sums(inFlight, perStep, steps).map((sum, step) => {
      return sum / Math.min(perStep, buckets - step * perStep);
    }),
    goodPerSecond: sums(answered, perStep, steps).map((sum) => (sum * 1_000) / stepMs),
    errorsPerSecond: ended[outcomes.indexOf('error')] as Float64Array,
    shedPerSecond: ended[outcomes.indexOf('shed')] as Float64Array,
    leftPerSecond: ended[outcomes.indexOf('abandoned')] as Float64Array,
  };
}

function sums(values: Uint32Array, perStep: number, steps: number): Float64Array {
  const all = new Float64Array(steps);
  values.forEach((value, i) => {
    const step = Math.floor(i / perStep);
    all[step] = (all[step] as number) + value;
  });
  return all;
}
