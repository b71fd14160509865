/** One run of one contestant through one scenario: everything started afresh, and stopped after. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contestant } from './contestants/contestant.ts';
import { readCoreBusyUs, readTree } from './cpu.ts';
import { type Entrant, type Surroundings, startEntrant } from './entrant.ts';
import { type LoadReport, type LoadSecond, runGenerators } from './fault-generator.ts';
import type { OriginsReport } from './fault-origin.ts';
import { startFaultOrigins } from './fault-origins.ts';
import { type FaultScenario, originPlans, type Timeline } from './fault-scenarios.ts';
import { startSlowClients } from './fault-slow-clients.ts';
import { LOAD_CORE } from './window.ts';

export interface FaultRun {
  readonly contestant: string;
  /** Counted from 1. */
  readonly round: number;
  /** Why it does not count; undefined when it does. */
  readonly invalid: string | undefined;
  readonly seconds: readonly LoadSecond[];
  readonly refusals: LoadReport['refusals'];
  readonly origins: OriginsReport;
  /** Cores the proxies used, their start left out. */
  readonly proxyCores: number;
  /** Share of the proxies' core that anything else took, 0 to 1. */
  readonly othersShare: number;
}

/** Late by 10 ms and a bit, fewer do not move the 99.9th percentile of an origin's usual 138 ms. */
const MAX_LATE_SHARE = 0.002;
/** Unless far more fail: then the failures are the result. */
const LATE_PER_FAILURE = 0.1;
const MAX_BUSY = 0.9;

/** Rejects when something does not start or fails on the way, or on abort. */
export async function runFault(
  scenario: FaultScenario,
  timeline: Timeline,
  contestant: Contestant,
  round: number,
  around: Surroundings,
): Promise<FaultRun> {
  const { signal, ports } = around;
  const folder = join(around.folder, `${contestant.name}-${round}`);
  await mkdir(folder, { recursive: true });
  await using started = new AsyncDisposableStack();

  const originPorts: number[] = [];
  while (originPorts.length < scenario.origins) originPorts.push(await ports.next());
  const plans = originPlans(scenario, timeline, originPorts, round);
  const origins = started.use(await startFaultOrigins(plans, LOAD_CORE, signal));

  const addresses = originPorts.map((port) => `127.0.0.1:${port}`);
  const proxies: Entrant[] = [];
  for (let index = 0; index < scenario.proxies; index++) {
    const proxy = { ...contestant, name: `${contestant.name}-${index}` };
    proxies.push(started.use(await startEntrant(proxy, addresses, { ...around, folder })));
  }
  if (scenario.hasSlowClients) {
    for (const { url } of proxies) started.use(startSlowClients(Number(new URL(url).port)));
  }

  const cpuBefore = cpuUs(proxies);
  const coreBefore = readCoreBusyUs(around.core);
  const startMs = performance.now();
  const loads = proxies.map(({ url, name }) => ({
    target: url,
    name,
    phases: phasesOf(scenario, timeline),
    ...scenario.client,
  }));
  const load = { folder, core: LOAD_CORE, seed: round, signal };
  const { seconds, refusals } = await runGenerators(loads, load);
  const elapsedUs = (performance.now() - startMs) * 1_000;
  const proxyUs = cpuUs(proxies) - cpuBefore;
  const othersUs = readCoreBusyUs(around.core) - coreBefore - proxyUs;
  const report = await origins.report();
  const proxyCores = proxyUs / elapsedUs;
  const gone = proxies.find(({ process }) => !process.isRunning);
  return {
    contestant: contestant.name,
    round,
    invalid: gone
      ? `it exited: ${gone.process.complaints}`
      : shortOfCpu(seconds.slice(timeline.warmUpS), report, proxyCores),
    seconds,
    refusals,
    origins: report,
    proxyCores,
    othersShare: Math.max(0, othersUs / elapsedUs),
  };
}

function phasesOf({ ratePerS, proxies }: FaultScenario, timeline: Timeline) {
  const { faultFromS, faultToS, lengthS } = timeline;
  const [usual, during] = ratePerS;
  const phases = [
    { ratePerS: usual / proxies, seconds: faultFromS },
    { ratePerS: during / proxies, seconds: faultToS - faultFromS },
    { ratePerS: usual / proxies, seconds: lengthS - faultToS },
  ];
  return phases.filter(({ seconds }) => seconds > 0);
}

function cpuUs(proxies: readonly Entrant[]): number {
  return proxies.reduce((sum, { process }) => {
    const { userUs, systemUs } = readTree(process.pid);
    return sum + userUs + systemUs;
  }, 0);
}

/** Why latencies would be those of this machine, not of the scenario's faults. */
function shortOfCpu(
  seconds: readonly LoadSecond[],
  { lateAnswers }: OriginsReport,
  proxyCores: number,
): string | undefined {
  const count = (key: 'arrivals' | 'late' | 'failed') =>
    seconds.reduce((sum, second) => sum + second[key], 0);
  const allowed = MAX_LATE_SHARE * count('arrivals') + LATE_PER_FAILURE * count('failed');
  if (count('late') + lateAnswers > allowed) {
    return `of ${count('arrivals')} requests ${count('late')} were sent late by the generator, ${lateAnswers} answered late by the origins`;
  }
  if (proxyCores > MAX_BUSY) return `it used ${(proxyCores * 100).toFixed(0)} % of its core`;
  return undefined;
}
