/**
 * The origins of a faults contest, all in one process: `fault-origin.ts PLANS`, a JSON array of
 * `OriginPlan`. Sends `ready`, answers the message `report` with an `OriginsReport`, and ends with
 * its parent. The plans' clock starts at the first request.
 */
import { createHistogram, performance } from 'node:perf_hooks';
import {
  type OriginClock,
  type OriginCounts,
  type OriginPlan,
  startFaultOrigin,
} from './fault-origin-server.ts';

export interface OriginsReport {
  readonly origins: readonly OriginCounts[];
  /** Different requests of clients among those received: what is more, proxies have repeated. */
  readonly clientRequests: number;
  /** How late answers were sent: what the origins add to every latency. */
  readonly lateness: { readonly meanMs: number; readonly p99Ms: number };
  /** Answers sent more than 10 ms late. */
  readonly lateAnswers: number;
  /** Share of its time the process was busy, 0 to 1. */
  readonly loopUtilization: number;
}

const plans = JSON.parse(process.argv[2] ?? '[]') as readonly OriginPlan[];
const waiting: { readonly atMs: number; readonly act: () => void }[] = [];
let epochMs = Number.NaN;

const clock: OriginClock = {
  clientRequests: new Set(),
  lateness: createHistogram(),
  elapsedMs() {
    const nowMs = performance.now();
    if (Number.isNaN(epochMs)) {
      epochMs = nowMs;
      for (const { atMs, act } of waiting) setTimeout(act, atMs);
    }
    return nowMs - epochMs;
  },
  at: (atMs, act) => void waiting.push({ atMs, act }),
};

const origins = await Promise.all(plans.map((plan) => startFaultOrigin(plan, clock)));

process.on('message', () => {
  const { lateness } = clock;
  const lateAnswers = origins.reduce((sum, origin) => sum + origin.lateAnswers(), 0);
  const report: OriginsReport = {
    origins: origins.map((origin) => origin.counts()),
    clientRequests: clock.clientRequests.size,
    lateness: { meanMs: lateness.mean / 1_000, p99Ms: lateness.percentile(99) / 1_000 },
    lateAnswers,
    loopUtilization: performance.eventLoopUtilization().utilization,
  };
  process.send?.(report);
});
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
process.send?.('ready');
