/** What each flow and each step came to, over the whole run and all workers. */
import { Histogram } from './histogram.ts';
import type { SeriesReport } from './messages.ts';
import type { Phase, SeriesResult, StatusResult, Summary } from './result.ts';
import { summarize } from './summary.ts';

interface StatusTotal {
  readonly status: string;
  readonly isFailure: boolean;
  count: number;
  readonly phases: Record<'firstByte' | 'service' | 'total', Histogram>;
}

interface SeriesTotal {
  readonly name: string;
  dropped: number;
  readonly connect: Histogram;
  readonly headline: Histogram;
  readonly statuses: StatusTotal[];
}

export class SeriesTotals {
  readonly #series = new Map<string, SeriesTotal>();

  add(report: SeriesReport): void {
    const total = this.#series.get(report.name) ?? createTotal(report.name);
    this.#series.set(report.name, total);
    total.dropped += report.dropped;
    total.connect.add(report.connect);
    addHeadline(total.headline, report);
    for (const { status, isFailure, count, firstByte, service, total: all } of report.statuses) {
      const entry = statusOf(total, status, isFailure);
      entry.count += count;
      entry.phases.firstByte.add(firstByte);
      entry.phases.service.add(service);
      entry.phases.total.add(all);
    }
  }

  /** In the order of their first report. */
  results(): SeriesResult[] {
    return [...this.#series.values()].map(seriesResult);
  }
}

/** What succeeded as it was, and what failed or was dropped as the headline counts it. */
export function addHeadline(histogram: Histogram, report: SeriesReport): void {
  histogram.add(report.penalty);
  for (const { isFailure, total } of report.statuses) if (!isFailure) histogram.add(total);
}

function createTotal(name: string): SeriesTotal {
  return { name, dropped: 0, connect: new Histogram(), headline: new Histogram(), statuses: [] };
}

function statusOf(total: SeriesTotal, status: string, isFailure: boolean): StatusTotal {
  const known = total.statuses.find((one) => one.status === status && one.isFailure === isFailure);
  if (known) return known;
  const phases = { firstByte: new Histogram(), service: new Histogram(), total: new Histogram() };
  const entry = { status, isFailure, count: 0, phases };
  total.statuses.push(entry);
  return entry;
}

function seriesResult(total: SeriesTotal): SeriesResult {
  const statuses = total.statuses
    .map((entry) => statusResult(entry, total))
    .sort((a, b) => Number(a.isFailure) - Number(b.isFailure) || b.count - a.count);
  const sum = (wanted: readonly StatusResult[]) =>
    wanted.reduce((all, { count }) => all + count, 0);
  return {
    name: total.name,
    completed: sum(statuses),
    failed: sum(statuses.filter((status) => status.isFailure)),
    dropped: total.dropped,
    latency: summarize(total.headline),
    statuses,
  };
}

/** Connections belong to no status: they are told once, with the most frequent one. */
function statusResult(entry: StatusTotal, { connect, statuses }: SeriesTotal): StatusResult {
  const most = statuses.reduce((a, b) => (b.count > a.count ? b : a));
  const phases: Partial<Record<Phase, Summary>> = {};
  if (entry === most && connect.total > 0) phases.connect = summarize(connect);
  for (const phase of ['firstByte', 'service', 'total'] as const) {
    if (entry.phases[phase].total > 0) phases[phase] = summarize(entry.phases[phase]);
  }
  const { status, isFailure, count } = entry;
  return { status, isFailure, count, phases };
}
