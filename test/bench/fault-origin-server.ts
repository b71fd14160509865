/** One origin that goes wrong by plan: a queue of workers behind an HTTP server. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { RecordableHistogram } from 'node:perf_hooks';
import { createRandom } from '@headgate/load';
import { createWorkerQueue, type ServiceTimes } from './fault-queue.ts';
import { type Fault, failShareAt } from './fault-timeline.ts';

export interface OriginPlan {
  readonly port: number;
  readonly seed: number;
  readonly workers: number;
  readonly service: ServiceTimes;
  readonly faults: readonly Fault[];
}

/** Common to all origins of a process. */
export interface OriginClock {
  /** Milliseconds since the first request to any of them; the first call starts it. */
  elapsedMs(): number;
  /** Runs `act` at that time. */
  at(elapsedMs: number, act: () => void): void;
  /** Microseconds by which answers were sent too late. */
  readonly lateness: RecordableHistogram;
  /** Values of `REQUEST_ID` that any of them has received. */
  readonly clientRequests: Set<string>;
}

/** The header in which clients number their requests. */
export const REQUEST_ID = 'x-fault-request';

export interface OriginCounts {
  /** Requests received in each second, without health checks and slow clients. */
  readonly perSecond: readonly number[];
  /** Answered 500. */
  readonly failed: number;
  /** Requests that reached it before their body was complete and were then cut off. */
  readonly cutShort: number;
}

export interface FaultOrigin {
  counts(): OriginCounts;
  /** Answers sent more than `LATE_MS` late. */
  lateAnswers(): number;
}

/** What `headgate-load` calls late, too. */
const LATE_MS = 10;
/** After this, a draining origin closes what is still open. */
const DRAIN_MS = 1_000;
const FAIL_MS = 1;
const BODY = 'x'.repeat(100);
const LARGE = Buffer.alloc(4 * 1024 * 1024, 'x');

/** Resolves when it listens on 127.0.0.1. */
export async function startFaultOrigin(
  { port, seed, workers, service, faults }: OriginPlan,
  clock: OriginClock,
): Promise<FaultOrigin> {
  const queue = createWorkerQueue({ workers, service, faults, random: createRandom(seed, 0) });
  const failing = createRandom(seed, 1);
  const perSecond: number[] = [];
  let failed = 0;
  let cutShort = 0;
  let inFlight = 0;
  let lateAnswers = 0;
  let isDraining = false;

  // Node checks time limits of requests every 30 s otherwise, and closes idle connections after 5.
  const server = createServer(
    { keepAliveTimeout: 600_000, requestTimeout: 0, headersTimeout: 0 },
    (request, response) => {
      if (request.url === '/') work(request, response);
      else if (request.url === '/large') response.end(LARGE);
      else if (request.method === 'POST') void takeBody(request, response);
      else answer(response, 200);
    },
  );

  function work(request: IncomingMessage, response: ServerResponse): void {
    const nowMs = clock.elapsedMs();
    clock.clientRequests.add(String(request.headers[REQUEST_ID]));
    const second = Math.floor(nowMs / 1_000);
    while (perSecond.length <= second) perSecond.push(0);
    perSecond[second] = (perSecond[second] as number) + 1;
    inFlight++;
    const hasFailed = failing() < failShareAt(faults, nowMs);
    const endMs = hasFailed ? nowMs + FAIL_MS : queue.admit(nowMs);
    if (hasFailed) failed++;
    setTimeout(finish, Math.max(1, endMs - nowMs), response, hasFailed ? 500 : 200, endMs);
  }

  function finish(response: ServerResponse, status: number, endMs: number): void {
    const lateMs = clock.elapsedMs() - endMs;
    clock.lateness.record(Math.max(1, Math.round(lateMs * 1_000)));
    if (lateMs > LATE_MS) lateAnswers++;
    answer(response, status);
    inFlight--;
  }

  function answer(response: ServerResponse, status: number): void {
    response.writeHead(status, {
      'content-type': 'text/plain',
      'content-length': BODY.length,
      'headgate-load': inFlight,
      ...(isDraining ? { connection: 'close' } : {}),
    });
    response.end(BODY);
  }

  async function takeBody(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await once(request.resume(), 'end');
      answer(response, 200);
    } catch {
      cutShort++;
    }
  }

  for (const fault of faults) {
    if (fault.kind !== 'down') continue;
    clock.at(fault.fromMs, () => {
      isDraining = true;
      server.close();
    });
    clock.at(fault.fromMs + DRAIN_MS, () => server.closeAllConnections());
    clock.at(fault.toMs, () => {
      isDraining = false;
      server.listen(port, '127.0.0.1', 4_096);
    });
  }
  server.listen(port, '127.0.0.1', 4_096);
  await once(server, 'listening');
  return { counts: () => ({ perSecond, failed, cutShort }), lateAnswers: () => lateAnswers };
}
