/** What is asked of every origin of the contest, who takes part, and what ours should reach. */
import {
  bareHono,
  falconHello,
  falconItems,
  fastapiAsyncpg,
  fastapiHello,
  fastapiItems,
  fastapiPsycopg,
  fastapiWaiting,
  kitHello,
  kitItems,
  kitItemsCaching,
  kitRows,
  kitWaiting,
  type OriginProgram,
} from './origin-programs.ts';

/** CPU per request, under the load of wrk. */
export interface CostCase {
  readonly kind: 'cost';
  readonly name: string;
  readonly summary: string;
  readonly connections: number;
  /** What `{id}` in a target becomes; undefined where no target has one. */
  readonly ids: Ids | undefined;
  /** Their answers are compared before anybody is measured. */
  readonly checkedIds: readonly number[];
  /** Who leaves out validation must not answer these with 4xx; everybody else has to. */
  readonly refused: readonly string[];
  /** The first one is ours, and the one the others are compared with. */
  readonly entries: readonly CostEntry[];
  readonly partner: { readonly callsPerRequest: number; readonly connections: number } | undefined;
  readonly hasDatabase: boolean;
  readonly goals: readonly OriginGoal[];
}

/** `counted`: no id ever comes twice, neighbours differ by `step`. `random`: 1 to `greatest`. */
export type Ids =
  | { readonly kind: 'counted'; readonly step: number }
  | { readonly kind: 'random'; readonly greatest: number };

export interface CostEntry {
  readonly name: string;
  readonly isOurs: boolean;
  readonly program: OriginProgram;
  readonly target: string;
  /** In place of those of the case. */
  readonly connections?: number;
  /** Its answers are not compared with those of the others. */
  readonly hasOwnAnswers?: true;
  /** It takes what comes. */
  readonly hasNoValidation?: true;
}

/** CPU per request of `entry`, as a multiple of the cheapest of `beside`. */
export interface OriginGoal {
  readonly entry: string;
  readonly beside: readonly string[];
  readonly maxRatio: number;
}

/** Memory of requests that wait for a partner. */
export interface WaitingCase {
  readonly kind: 'waiting';
  readonly name: string;
  readonly summary: string;
  readonly maxBytesPerRequest: number;
  readonly entries: readonly WaitingEntry[];
}

export interface WaitingEntry {
  readonly name: string;
  readonly isOurs: boolean;
  readonly program: OriginProgram;
  readonly requests: number;
  /** Calls to the partner at once; who is beyond waits in the origin. */
  readonly partnerConnections: number;
}

export type OriginCase = CostCase | WaitingCase;

/** Of the seeded table. */
export const ROWS = 10_000;
const ROWS_PER_ANSWER = 50;
const CALLS_PER_FEED = 100;

const fanOut = { ids: { kind: 'counted', step: 1 }, hasDatabase: false } as const;
const rows = {
  partner: undefined,
  hasDatabase: true,
  ids: { kind: 'random', greatest: ROWS },
} as const;
const lists = { ...rows, ids: { kind: 'random', greatest: ROWS - ROWS_PER_ANSWER + 1 } } as const;

function drivers(target: string): CostEntry[] {
  return [
    { name: 'fastapi-asyncpg', isOurs: false, program: fastapiAsyncpg, target },
    { name: 'fastapi-psycopg', isOurs: false, program: fastapiPsycopg, target },
  ];
}
const DRIVERS = drivers('').map(({ name }) => name);

export const originCases: readonly OriginCase[] = [
  {
    kind: 'cost',
    name: 'hello',
    summary: 'JSON with a validated path parameter and query parameter, 64 connections',
    connections: 64,
    ids: undefined,
    checkedIds: [0],
    refused: ['/hello/0?times=3', '/hello/x?times=3', '/hello/42?times=101', '/hello/42?times=x'],
    entries: [
      { name: 'kit', isOurs: true, program: kitHello, target: '/hello/42?times=3' },
      {
        name: 'bare-hono',
        isOurs: false,
        program: bareHono,
        target: '/hello/42?times=3',
        hasNoValidation: true,
      },
      { name: 'fastapi', isOurs: false, program: fastapiHello, target: '/hello/42?times=3' },
      {
        name: 'fastapi-model',
        isOurs: false,
        program: fastapiHello,
        target: '/modelled/42?times=3',
      },
      { name: 'falcon-gevent', isOurs: false, program: falconHello, target: '/hello/42?times=3' },
    ],
    partner: undefined,
    hasDatabase: false,
    goals: [
      { entry: 'kit', beside: ['fastapi'], maxRatio: 1 / 4 },
      { entry: 'kit', beside: ['falcon-gevent'], maxRatio: 1 / 6 },
      { entry: 'kit', beside: ['bare-hono'], maxRatio: 1.35 },
    ],
  },
  {
    ...fanOut,
    kind: 'cost',
    name: 'fanout-2',
    summary:
      'an item composed from two partner calls, 64 connections; items-caching also keeps every part, though no item comes twice',
    connections: 64,
    checkedIds: [1, 2, 3, 4],
    refused: ['/items/0', '/items/x'],
    entries: [
      { name: 'items', isOurs: true, program: kitItems, target: '/items/{id}' },
      { name: 'items-caching', isOurs: true, program: kitItemsCaching, target: '/items/{id}' },
      { name: 'fastapi-httpx', isOurs: false, program: fastapiItems, target: '/items/{id}' },
      { name: 'falcon-gevent', isOurs: false, program: falconItems, target: '/items/{id}' },
    ],
    partner: { callsPerRequest: 2, connections: 128 },
    goals: [{ entry: 'items', beside: ['fastapi-httpx'], maxRatio: 1 / 25 }],
  },
  {
    ...fanOut,
    ids: { kind: 'counted', step: CALLS_PER_FEED },
    kind: 'cost',
    name: 'fanout-100',
    summary: 'a feed of 100 partner calls, 16 at once, no post twice, 4 connections',
    connections: 4,
    checkedIds: [1, 101],
    refused: ['/feed?count=101', '/feed?count=0'],
    entries: [
      { name: 'items', isOurs: true, program: kitItems, target: '/feed?count=100&from={id}' },
      {
        name: 'fastapi-httpx',
        isOurs: false,
        program: fastapiItems,
        target: '/feed?count=100&from={id}',
      },
      {
        name: 'falcon-gevent',
        isOurs: false,
        program: falconItems,
        target: '/feed?count=100&from={id}',
      },
    ],
    partner: { callsPerRequest: CALLS_PER_FEED, connections: 64 },
    goals: [{ entry: 'items', beside: ['fastapi-httpx'], maxRatio: 1 / 20 }],
  },
  {
    ...rows,
    kind: 'cost',
    name: 'row',
    summary:
      'one row by its primary key, 64 connections; kit-loader asks for all keys of a moment with one statement',
    connections: 64,
    checkedIds: [1, 7, 4_321, ROWS],
    refused: ['/rows/0', '/rows/x'],
    entries: [
      { name: 'kit', isOurs: true, program: kitRows, target: '/rows/{id}' },
      { name: 'kit-loader', isOurs: true, program: kitRows, target: '/loaded/{id}' },
      ...drivers('/rows/{id}'),
    ],
    goals: [
      { entry: 'kit', beside: DRIVERS, maxRatio: 1 / 5 },
      { entry: 'kit-loader', beside: DRIVERS, maxRatio: 1 / 5 },
    ],
  },
  {
    ...lists,
    kind: 'cost',
    name: 'list',
    summary: '50 rows by one statement, 64 connections',
    connections: 64,
    checkedIds: [1, 9_000, ROWS - ROWS_PER_ANSWER + 1],
    refused: ['/rows?from=0', '/rows?from=x'],
    entries: [
      { name: 'kit', isOurs: true, program: kitRows, target: '/rows?from={id}' },
      ...drivers('/rows?from={id}'),
    ],
    goals: [{ entry: 'kit', beside: DRIVERS, maxRatio: 1 / 5 }],
  },
  {
    ...lists,
    kind: 'cost',
    name: 'batch',
    summary:
      '50 single gets made in one request, 4 connections: one statement with our loader, 50 of theirs; kit-one-row is one get, as in row',
    // Slow requests that are cut off at the end of a window would be a large part of it.
    connections: 4,
    checkedIds: [1, 9_000, ROWS - ROWS_PER_ANSWER + 1],
    refused: ['/batch?from=0', '/batch?from=x'],
    entries: [
      { name: 'kit-loader', isOurs: true, program: kitRows, target: '/batch?from={id}' },
      {
        name: 'kit-one-row',
        isOurs: true,
        program: kitRows,
        target: '/rows/{id}',
        connections: 64,
        hasOwnAnswers: true,
      },
      ...drivers('/batch?from={id}'),
    ],
    goals: [{ entry: 'kit-loader', beside: ['kit-one-row'], maxRatio: 3 }],
  },
  {
    kind: 'waiting',
    name: 'waiting',
    summary: 'requests held by a partner that does not answer until it is told to, memory of one',
    maxBytesPerRequest: 12_000,
    entries: [
      // Bounded as a partner client should be: nearly all wait for their turn in the origin.
      {
        name: 'kit-queued',
        isOurs: true,
        program: kitWaiting,
        requests: 10_000,
        partnerConnections: 64,
      },
      // Two sockets each: as many as 20,000 open files allow.
      {
        name: 'kit-on-the-wire',
        isOurs: true,
        program: kitWaiting,
        requests: 9_900,
        partnerConnections: 9_900,
      },
      // httpx looks through all waiting requests for every new one.
      {
        name: 'fastapi-httpx',
        isOurs: false,
        program: fastapiWaiting,
        requests: 2_000,
        partnerConnections: 2_000,
      },
    ],
  },
];
