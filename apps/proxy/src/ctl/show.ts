/** What `headgate ctl` prints of what the API says. */
import type { CacheStatus, RedisStatus } from '../admin/cache.ts';
import type { ServiceStatus } from '../admin/services.ts';
import type { AuditEntry } from '../control/audit.ts';
import type { ControlStatus, WorkerReport } from '../control/control-api.ts';
import type { ListedOperatorEntry } from '../control/operator.ts';
import {
  type Column,
  formatAge,
  formatCount,
  formatMemory,
  formatTable,
  formatTime,
} from './table.ts';

/** `/api/status`. */
export type StatusReport = ControlStatus & { readonly operator: readonly ListedOperatorEntry[] };

/** `nowMs` is this machine's clock, epoch milliseconds. */
export function showStatus(status: StatusReport, nowMs: number): string[] {
  const { version, pid, startedAt, config, workers, isDraining, operator } = status;
  const { lastRefusal } = config;
  const loaded = `loaded ${formatAge(nowMs - config.loadedAt)} ago, generation ${config.generation}`;
  return [
    `headgate ${version}, pid ${pid}, up ${formatAge(nowMs - startedAt)}${isDraining ? ', draining' : ''}`,
    `config   ${config.file}, ${loaded}`,
    ...(lastRefusal
      ? [`refused  ${formatAge(nowMs - lastRefusal.at)} ago: ${indented(lastRefusal.why)}`]
      : []),
    `workers  ${workers.ready} of ${workers.asked} ready`,
    ...operator.map((entry) => `operator ${describeEntry(entry)}`),
  ];
}

function indented(why: string): string {
  return why.replaceAll('\n', '\n         ');
}

function describeEntry({
  service,
  upstream,
  state,
  weight,
  isPresent,
}: ListedOperatorEntry): string {
  const facts = [
    ...(state === undefined ? [] : [state]),
    ...(weight === undefined ? [] : [`weight ${weight}`]),
    ...(isPresent ? [] : ['not there now']),
  ];
  return `${service} ${upstream}: ${facts.join(', ')}`;
}

const workerColumns: readonly Column[] = [
  { title: 'WORKER' },
  { title: 'PID', isNumber: true },
  { title: 'STATE' },
  { title: 'CONNECTIONS', isNumber: true },
  { title: 'IN FLIGHT', isNumber: true },
  { title: 'REQUESTS', isNumber: true },
  { title: 'MEMORY', isNumber: true },
  { title: 'AGE', isNumber: true },
];

export function showWorkers({ workers }: { readonly workers: readonly WorkerReport[] }): string[] {
  const rows = workers.map((worker) => [
    String(worker.id),
    String(worker.pid),
    worker.state,
    formatCount(worker.connections),
    formatCount(worker.inFlight),
    formatCount(worker.requests),
    formatMemory(worker.memoryBytes),
    formatAge(worker.ageMs),
  ]);
  return formatTable(workerColumns, rows);
}

const upstreamColumns: readonly Column[] = [
  { title: 'SERVICE' },
  { title: 'UPSTREAM' },
  { title: 'STATE' },
  { title: 'WEIGHT', isNumber: true },
  { title: 'IN FLIGHT', isNumber: true },
  { title: 'REQUESTS', isNumber: true },
  { title: 'FAILURES', isNumber: true },
  { title: 'LATENCY', isNumber: true },
];

export function showServices({
  services,
}: {
  readonly services: readonly ServiceStatus[];
}): string[] {
  const rows = services.flatMap(({ name, upstreams }) =>
    upstreams.length === 0
      ? [[name, 'none at the moment']]
      : upstreams.map((upstream) => [
          name,
          upstream.url,
          stateOf(upstream),
          String(upstream.weight),
          formatCount(upstream.inFlight),
          formatCount(upstream.requests),
          formatCount(upstream.failures),
          upstream.latencyMs === undefined ? '-' : `${upstream.latencyMs} ms`,
        ]),
  );
  return formatTable(upstreamColumns, rows);
}

/** The one thing about it that decides whether it gets requests. */
function stateOf(upstream: ServiceStatus['upstreams'][number]): string {
  if (upstream.isDisabled) return 'disabled';
  if (upstream.isDraining) return 'draining';
  if (upstream.presence === 'out') return 'ejected';
  return upstream.presence === 'returning' ? 'returning' : upstream.verdict;
}

const requestColumns: readonly Column[] = [
  { title: 'REQUESTS' },
  { title: 'COUNT', isNumber: true },
  { title: 'PART', isNumber: true },
];

export function showCache(status: CacheStatus): string[] {
  const { entries, sizeBytes, maxSizeBytes, redis } = status;
  const kinds = ['hits', 'stale', 'collapsed', 'misses', 'passes'] as const;
  const all = kinds.reduce((sum, kind) => sum + status[kind], 0);
  const rows = kinds.map((kind) => {
    const part = all === 0 ? '-' : `${((100 * status[kind]) / all).toFixed(1)} %`;
    return [kind, formatCount(status[kind]), part];
  });
  return [
    `memory  ${formatMemory(sizeBytes)} of ${formatMemory(maxSizeBytes)}, ${formatCount(entries)} answers`,
    ...(redis ? [`redis   ${describeTier(redis)}`] : []),
    ...formatTable(requestColumns, rows),
  ];
}

function describeTier({ isOpen, isInStep, lastError }: RedisStatus): string {
  const why = lastError === undefined ? '' : `: ${lastError}`;
  if (isOpen) return `out of reach, and left alone for a while${why}`;
  return isInStep ? 'in use' : `not used until all purges are known${why}`;
}

const auditColumns: readonly Column[] = [
  { title: 'TIME (UTC)' },
  { title: 'ACTOR' },
  { title: 'ACTION' },
  { title: 'TARGET' },
  { title: 'RESULT' },
];

export function showAudit({ entries }: { readonly entries: readonly AuditEntry[] }): string[] {
  const rows = entries.map(({ at, actor, action, target, result, why }) => {
    const [reason] = (why ?? '').split('\n');
    return [formatTime(at), actor, action, target, reason ? `${result}: ${reason}` : result];
  });
  return formatTable(auditColumns, rows);
}
