/** The tables of the concurrency contest, with everything that did not count said below. */
import type { ConcurrencyResult } from './concurrency-contest.ts';
import { concurrentContestants } from './concurrency-contestants.ts';
import type { IdleHolding, TrafficPace } from './concurrency-idle.ts';
import type { InFlightHolding } from './concurrency-in-flight.ts';
import type { TreeMemory } from './concurrency-memory.ts';
import type { WorkerShares } from './concurrency-stage.ts';
import { latenciesOf, type Traffic } from './concurrency-traffic.ts';
import type { Failure } from './contest.ts';
import { formatTable } from './table.ts';

/** What a holding says of memory. */
interface Memory {
  readonly idle: TreeMemory;
  readonly held: TreeMemory;
  readonly kernelBytes: number;
}

const [{ name: OURS }] = concurrentContestants(1);

const MEMORY_HEAD = ['idle MB', 'held MB', 'kB each', 'ours:theirs', 'RSS kB each', 'kernel kB'];

const IN_FLIGHT_HEAD = [
  'contestant',
  'clients',
  'proxy',
  'origins',
  'answered',
  'failed',
  'opened in s',
  'CPU µs each',
  ...MEMORY_HEAD,
];

export function inFlightTable(
  { size, holdings, failures }: ConcurrencyResult<InFlightHolding>,
  workers: number,
): string {
  const ours = holdings.find(({ contestant }) => contestant === OURS);
  const rows = holdings.map((one) => [
    one.contestant,
    `${one.heldByClients}`,
    `${one.heldByProxy}`,
    `${one.heldByOrigins}`,
    `${one.answered}`,
    `${one.failed}`,
    one.openingS.toFixed(1),
    one.cpuUsPerRequest.toFixed(0),
    ...memoryCells(one, ours, size),
  ]);
  return [
    `in flight: ${size} requests held by the origins at once, proxies with ${workers} workers where they have workers`,
    formatTable(IN_FLIGHT_HEAD, rows),
    ...footer(holdings, failures),
  ].join('\n');
}

const IDLE_HEAD = [
  'contestant',
  'clients',
  'proxy',
  'opened in s',
  'p50 ms without',
  'with',
  'p99 ms without',
  'with',
  'failed',
  ...MEMORY_HEAD,
];

export function idleTable(
  { size, holdings, failures }: ConcurrencyResult<IdleHolding>,
  workers: number,
  { ratePerS, seconds, rounds }: TrafficPace,
): string {
  const ours = holdings.find(({ contestant }) => contestant === OURS);
  const rows = holdings.map((one) => {
    const [without, beside] = [latenciesOf(one.without), latenciesOf(one.beside)];
    return [
      one.contestant,
      `${one.openByClients}`,
      `${one.openAtProxy}`,
      one.openingS.toFixed(1),
      without.p50Ms.toFixed(2),
      beside.p50Ms.toFixed(2),
      without.p99Ms.toFixed(2),
      beside.p99Ms.toFixed(2),
      `${sumOf(one, (window) => window.failed)}`,
      ...memoryCells(one, ours, size),
    ];
  });
  return [
    `idle: ${size} connections that have had an answer and say nothing, proxies with ${workers} workers`,
    `traffic: ${ratePerS} requests/s, ${rounds} windows of ${seconds} s without and with them in turn`,
    formatTable(IDLE_HEAD, rows),
    ...holdings.flatMap((one) => {
      const late = sumOf(one, (window) => window.late);
      return late > 0
        ? [`! ${one.contestant}: ${late} requests were sent more than 10 ms late`]
        : [];
    }),
    ...footer(holdings, failures),
  ].join('\n');
}

/** Proportional memory is compared: resident memory counts shared pages once for each worker. */
function memoryCells(theirs: Memory, ours: Memory | undefined, size: number): string[] {
  const each = ({ idle, held }: Memory) => (held.pssBytes - idle.pssBytes) / size;
  return [
    (theirs.idle.pssBytes / 1e6).toFixed(0),
    (theirs.held.pssBytes / 1e6).toFixed(0),
    (each(theirs) / 1e3).toFixed(1),
    ours ? (each(ours) / each(theirs)).toFixed(2) : '-',
    ((theirs.held.rssBytes - theirs.idle.rssBytes) / size / 1e3).toFixed(1),
    (theirs.kernelBytes / size / 1e3).toFixed(1),
  ];
}

function sumOf({ without, beside }: IdleHolding, read: (window: Traffic) => number): number {
  return [...without, ...beside].reduce((total, window) => total + read(window), 0);
}

function footer(
  holdings: readonly { readonly contestant: string; readonly shares: WorkerShares }[],
  failures: readonly Failure[],
): string[] {
  return [
    ...holdings.map(
      ({ contestant, shares: { unit, counts } }) =>
        `${contestant}: ${unit} by worker: ${counts.join(', ')}`,
    ),
    ...failures.map(({ contestant, reason }) => `! ${contestant} ${reason}`),
  ];
}
