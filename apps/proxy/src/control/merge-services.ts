/**
 * What the workers say of the services, as one report. Load is added up. Where workers differ about
 * a fact, the worst is told: each learns by itself, so what one has found the others may yet find.
 */
import type { HistoryEntry, ServiceStatus, UpstreamStatus } from '../admin/services.ts';

/** What one worker says. */
export interface WorkerServices {
  readonly worker: number;
  /** In the order of its config. */
  readonly services: readonly ServiceStatus[];
}

const HISTORY_LENGTH = 16;

/** The same change is taken for one when two workers see it no further apart than this. */
const SAME_CHANGE_MS = 5_000;

/** From good to bad. */
const presences: readonly UpstreamStatus['presence'][] = ['in', 'returning', 'out'];
const verdicts: readonly UpstreamStatus['verdict'][] = ['unknown', 'healthy', 'unhealthy'];

/**
 * Services and upstreams in the order in which they are first named. What the config says of them
 * is as the first worker has it that names them.
 */
export function mergeServices(perWorker: readonly WorkerServices[]): readonly ServiceStatus[] {
  const all = perWorker.flatMap(({ services }) => services);
  return groupBy(all, ({ name }) => name).map(mergeService);
}

function mergeService(reports: Group<ServiceStatus>): ServiceStatus {
  const [{ name, policy }] = reports;
  const upstreams = reports.flatMap((report) => report.upstreams);
  return {
    name,
    policy,
    inFlight: sumOf(reports, ({ inFlight }) => inFlight),
    queued: sumOf(reports, ({ queued }) => queued),
    shed: sumOf(reports, ({ shed }) => shed),
    isPanicking: reports.some(({ isPanicking }) => isPanicking),
    upstreams: groupBy(upstreams, ({ url }) => url).map(mergeUpstream),
  };
}

function mergeUpstream(reports: Group<UpstreamStatus>): UpstreamStatus {
  const [{ url, weight }] = reports;
  const { verdict, reason } = worstOf(reports, ({ verdict }) => verdicts.indexOf(verdict));
  const { presence } = worstOf(reports, ({ presence }) => presences.indexOf(presence));
  const limits = reports.flatMap(({ limit }) => limit ?? []);
  return {
    url,
    weight,
    verdict,
    reason,
    presence,
    isDraining: reports.some(({ isDraining }) => isDraining),
    isDisabled: reports.some(({ isDisabled }) => isDisabled),
    inFlight: sumOf(reports, ({ inFlight }) => inFlight),
    waiting: sumOf(reports, ({ waiting }) => waiting),
    limit: limits.length > 0 ? sumOf(limits, (limit) => limit) : undefined,
    latencyMs: meanLatencyMs(reports),
    correction: Math.max(...reports.map(({ correction }) => correction)),
    requests: sumOf(reports, ({ requests }) => requests),
    failures: sumOf(reports, ({ failures }) => failures),
    history: mergeHistories(reports.map(({ history }) => history)),
  };
}

/** Over the workers that have had answers, by how many requests they made. */
function meanLatencyMs(reports: readonly UpstreamStatus[]): number | undefined {
  let sum = 0;
  let requests = 0;
  for (const report of reports) {
    if (report.latencyMs === undefined) continue;
    // An estimate may be older than the count of requests, which is then zero.
    const weight = Math.max(1, report.requests);
    sum += weight * report.latencyMs;
    requests += weight;
  }
  return requests > 0 ? Math.round((sum / requests) * 100) / 100 : undefined;
}

/** By time, the latest; what several workers saw happen is told once, as the first of them saw it. */
function mergeHistories(histories: readonly (readonly HistoryEntry[])[]): HistoryEntry[] {
  const seen = histories.flatMap((history, witness) =>
    history.map((entry) => ({ entry, witness })),
  );
  seen.sort((a, b) => a.entry.at - b.entry.at);
  const changes: { readonly first: HistoryEntry; readonly witnesses: Map<number, number> }[] = [];
  for (const { entry, witness } of seen) {
    const same = changes.find(
      ({ first, witnesses }) =>
        first.what === entry.what &&
        entry.at - first.at <= SAME_CHANGE_MS &&
        !witnesses.has(witness),
    );
    if (same) same.witnesses.set(witness, entry.workers);
    else changes.push({ first: entry, witnesses: new Map([[witness, entry.workers]]) });
  }
  return changes.slice(-HISTORY_LENGTH).map(({ first, witnesses }) => ({
    ...first,
    workers: sumOf([...witnesses.values()], (workers) => workers),
  }));
}

type Group<T> = readonly [T, ...T[]];

/** In the order in which the keys come first. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Group<T>[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

function sumOf<T>(items: readonly T[], read: (item: T) => number): number {
  return items.reduce((sum, item) => sum + read(item), 0);
}

/** The first of those for which `rank` is highest. */
function worstOf<T>(items: Group<T>, rank: (item: T) => number): T {
  return items.reduce((worst, item) => (rank(item) > rank(worst) ? item : worst));
}
