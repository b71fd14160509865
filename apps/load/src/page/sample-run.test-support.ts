/** A run as it could have been: a stall at one minute, some errors, a generator short of CPU. */
import { Histogram, writeCounts } from '../histogram.ts';
import type {
  FlowSlice,
  Percentiles,
  Phase,
  RunResult,
  SeriesResult,
  Slice,
  Summary,
} from '../result.ts';

const FLOWS = { browse: 0.6, search: 0.3, checkout: 0.1 };
const RATE = 2_000;

export interface SampleRun {
  readonly slices: readonly Slice[];
  readonly result: RunResult;
}

/** Seconds 60 and 61 stall, in 75 to 80 the rate is doubled, in 90 to 94 the generator is full. */
export function sampleRun(seconds = 120): SampleRun {
  const random = seededRandom(7);
  const all = new Histogram();
  const service = new Histogram();
  const slices = Array.from({ length: seconds }, (_, i) => sampleSlice(i, random, all, service));
  return { slices, result: resultOf(slices, all, service) };
}

function sampleSlice(i: number, random: () => number, all: Histogram, service: Histogram): Slice {
  const isStall = i === 60 || i === 61;
  const isAfter = i === 62;
  const isSaturated = i >= 90 && i <= 94;
  const askedPerS = RATE * (i >= 75 && i <= 80 ? 2 : 1);
  const arrivals = Math.round(askedPerS * (1 + (random() - 0.5) * 0.06));
  const completed = isStall ? 160 : isAfter ? arrivals + 3_500 : arrivals;
  const latencies = new Histogram();
  const services = new Histogram();
  for (let n = 0; n < completed; n++) {
    const slow = random() < 0.08 ? 6 : 1;
    const baseUs = 1_500 * slow * Math.exp(0.45 * gaussian(random)) * (isSaturated ? 3 : 1);
    const waitUs = isAfter && n < 3_700 ? random() * 2_100_000 : isStall ? random() * 900_000 : 0;
    latencies.record(baseUs + waitUs);
    services.record(baseUs + waitUs * 0.02);
  }
  all.add(latencies.counts());
  service.add(services.counts());
  const timeouts = isAfter ? 240 : isStall ? 60 : 0;
  const statuses = random() < 0.25 ? Math.floor(random() * 9) : 0;
  const resets = i > 84 && i < 100 ? Math.floor(random() * 14) : 0;
  const failed = timeouts + statuses + resets;
  const p99Ms = latencies.quantileUs(0.99) / 1_000;
  const flows: Record<string, FlowSlice> = {};
  for (const [name, share] of Object.entries(FLOWS)) {
    const slower = name === 'checkout' ? 2.6 : name === 'search' ? 1.5 : 1;
    flows[name] = {
      completed: Math.round(completed * share),
      failed: Math.round(failed * share),
      p50Ms: (latencies.quantileUs(0.5) / 1_000) * slower,
      p99Ms: p99Ms * slower * (0.85 + random() * 0.3),
    };
  }
  return {
    startMs: i * 1_000,
    durationMs: 1_000,
    askedPerS,
    arrivals,
    started: arrivals,
    completed,
    requests: completed,
    failed,
    late: isSaturated ? Math.round(random() * 400) : 0,
    dropped: isStall ? 180 : 0,
    failures: {
      ...(timeouts > 0 ? { timeout: timeouts } : {}),
      ...(statuses > 0 ? { status: statuses } : {}),
      ...(resets > 0 ? { reset: resets } : {}),
    },
    inFlight: isStall ? 1_800 * (i - 59) : Math.round(6 + random() * 8),
    connections: isStall ? 1_024 : Math.round(96 + random() * 6),
    users: null,
    latency: percentilesOf(latencies),
    service: percentilesOf(services),
    histogram: writeCounts(latencies.counts()),
    flows,
    generator: {
      cpuCores: (askedPerS / RATE) * 0.62 + random() * 0.1 + (isSaturated ? 1.2 : 0),
      loopUtilization: isSaturated ? 0.97 + random() * 0.03 : 0.34 + random() * 0.06,
      loopDelayMs: isSaturated ? 40 + random() * 60 : 1 + random() * 2,
      sendDelayP99Ms: isSaturated ? 22 + random() * 25 : 0.15 + random() * 0.2,
      isSaturated,
    },
    metrics: sampleMetrics(i, random, completed, isStall),
  };
}

/** 40 of them. */
function sampleMetrics(i: number, random: () => number, completed: number, isStall: boolean) {
  const metrics: Record<string, number> = {};
  for (const service of ['items', 'partner', 'live', 'admin', 'auth', 'media']) {
    const share = 0.1 + service.length * 0.04;
    metrics[`headgate_requests_total{service="${service}",status="200"}`] = completed * share;
    metrics[`headgate_requests_total{service="${service}",status="503"}`] = isStall ? 30 : 0;
    metrics[`headgate_in_flight{service="${service}"}`] = isStall
      ? 300
      : Math.round(random() * 5 + 2);
    metrics[`headgate_retries_total{service="${service}"}`] = isStall ? 12 : random();
    metrics[`headgate_upstream_latency_seconds{service="${service}",quantile="0.99"}`] =
      0.004 + random() * 0.003 + (isStall ? 1.8 : 0);
    metrics[`headgate_sent_bytes_total{service="${service}"}`] = completed * 1_840 * share;
  }
  metrics.process_cpu_seconds_total = 0.8 + 0.2 * random() + (isStall ? -0.6 : 0);
  metrics.process_resident_memory_bytes = 96e6 + i * 0.12e6 + random() * 3e6;
  metrics.nodejs_eventloop_lag_seconds = isStall ? 1.9 : 0.001 + random() * 0.002;
  metrics.nodejs_heap_size_used_bytes = 41e6 + ((i * 1.7e6) % 19e6);
  return metrics;
}

function resultOf(slices: readonly Slice[], all: Histogram, service: Histogram): RunResult {
  const sum = (value: (slice: Slice) => number) =>
    slices.reduce((total, slice) => total + value(slice), 0);
  const completed = sum((slice) => slice.completed);
  const failed = sum((slice) => slice.failed);
  const latency = summaryOf(all);
  return {
    version: 1,
    name: 'checkout.ts',
    load: 'open model, 2000/s (poisson), 2m, 2 workers',
    target: 'http://127.0.0.1:8080',
    seed: 4_182,
    startedAt: '2026-03-14T09:26:53.000Z',
    durationMs: slices.length * 1_000,
    machine: '16 × AMD Ryzen 9 7950X, 62 GiB, Linux 6.8, Node 26.10.0',
    end: 'complete',
    problem: null,
    totals: {
      arrivals: sum((slice) => slice.arrivals),
      started: sum((slice) => slice.started),
      completed,
      requests: completed,
      failed,
      late: sum((slice) => slice.late),
      dropped: sum((slice) => slice.dropped),
      failures: {
        timeout: sum((slice) => slice.failures.timeout ?? 0),
        status: sum((slice) => slice.failures.status ?? 0),
        reset: sum((slice) => slice.failures.reset ?? 0),
      },
      receivedBytes: completed * 1_840,
      goodPerS: (completed - failed) / slices.length,
      latency,
      service: summaryOf(service),
      sendDelay: scaled(latency, 0.01),
      generator: {
        cpuCores: 0.74,
        loopUtilization: 0.39,
        loopDelayMs: 96,
        sendDelayP99Ms: 0.4,
        isSaturated: slices.some(({ generator }) => generator.isSaturated),
      },
      saturatedSlices: slices.filter(({ generator }) => generator.isSaturated).length,
    },
    series: Object.entries(FLOWS).flatMap(([name, share]) => seriesOf(name, share, latency)),
    slices,
    thresholds: [
      { text: 'p99 < 200ms', measured: `${latency.p99Ms.toFixed(1)}ms`, isMet: false },
      { text: 'errors < 1%', measured: '0.28%', isMet: true },
      { text: 'checkout: p95 < 1s', measured: '31.2ms', isMet: true },
    ],
    interventions: ['75.0 s: load × 2', '81.0 s: load × 1'],
  };
}

function seriesOf(name: string, share: number, latency: Summary): SeriesResult[] {
  const of = scaled(latency, name === 'checkout' ? 2.6 : name === 'search' ? 1.5 : 1, share);
  const phases = (factor: number, count: number): Record<Phase, Summary> => ({
    connect: { ...scaled(of, 0.1 * factor), count: 96 },
    firstByte: { ...scaled(of, 0.8 * factor), count },
    service: { ...scaled(of, 0.9 * factor), count },
    total: { ...scaled(of, factor), count },
  });
  const one = (as: string): SeriesResult => ({
    name: as,
    completed: of.count,
    failed: Math.round(of.count * 0.003),
    dropped: as === name ? Math.round(360 * share) : 0,
    latency: of,
    statuses: [
      { status: '200', isFailure: false, count: of.count, phases: phases(1, of.count) },
      { status: '503', isFailure: true, count: 41, phases: phases(0.4, 41) },
      {
        status: 'timeout',
        isFailure: true,
        count: 30,
        phases: { total: { ...scaled(of, 9), count: 30 } },
      },
    ],
  });
  return name === 'checkout'
    ? [one(name), one(`${name} › GET /cart`), one(`${name} › POST /orders`)]
    : [one(name)];
}

function summaryOf(of: Histogram): Summary {
  const ms = (share: number) => (of.total === 0 ? 0 : of.quantileUs(share) / 1_000);
  return {
    count: of.total,
    minMs: ms(0),
    meanMs: of.total === 0 ? 0 : of.meanUs / 1_000,
    p50Ms: ms(0.5),
    p90Ms: ms(0.9),
    p95Ms: ms(0.95),
    p99Ms: ms(0.99),
    p999Ms: ms(0.999),
    p9999Ms: ms(0.9999),
    maxMs: ms(1),
    histogram: writeCounts(of.counts()),
  };
}

function scaled(of: Summary, factor: number, share = 1): Summary {
  const histogram = new Histogram();
  // Through the quantiles: enough for a sample, and it leaves the histogram's inside alone.
  for (let n = 0; n < 1_000; n++) {
    const from = quantile(of, n / 1_000);
    histogram.record(from * 1_000 * factor, Math.max(1, Math.round((of.count * share) / 1_000)));
  }
  return { ...summaryOf(histogram), count: Math.round(of.count * share) };
}

function quantile(of: Summary, share: number): number {
  const points: [number, number][] = [
    [0, of.minMs],
    [0.5, of.p50Ms],
    [0.9, of.p90Ms],
    [0.95, of.p95Ms],
    [0.99, of.p99Ms],
    [0.999, of.p999Ms],
    [1, of.maxMs],
  ];
  const next = Math.max(
    1,
    points.findIndex(([at]) => at >= share),
  );
  const [fromShare, fromMs] = points[next - 1] as [number, number];
  const [toShare, toMs] = points[next] as [number, number];
  return fromMs + ((share - fromShare) / (toShare - fromShare)) * (toMs - fromMs);
}

function percentilesOf(of: Histogram): Percentiles {
  const { p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = summaryOf(of);
  return { p50Ms, p90Ms, p99Ms, p999Ms, maxMs };
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
