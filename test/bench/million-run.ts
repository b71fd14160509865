/** One turn of one stack: so many calls, what they took, and what they cost whom. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RunResult } from '@headgate/load';
import { loadMain } from '../support/load-command.ts';
import { readCoreBusyUs } from './cpu.ts';
import type { MillionLoad } from './million-load.ts';
import { type Partner, type RunningStack, readUse, type Stage } from './million-stage.ts';

export interface MillionRun {
  readonly stack: string;
  /** Counted from 1; 0 is the warm-up. */
  readonly round: number;
  /** Why it does not count; undefined when it does. */
  readonly invalid: string | undefined;
  /** Answered well: those asked for, and the few under way when the last of them was sent. */
  readonly calls: number;
  readonly failed: number;
  /** Requests the partner answered. */
  readonly partnerCalls: number;
  /** From the first send until the last of the calls asked for was sent. */
  readonly wallUs: number;
  readonly cpuUs: Readonly<Record<Role, number>>;
  /** Share of all cores that anything else took, 0 to 1. */
  readonly othersShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export const ROLES = ['edge', 'origin', 'partner', 'load'] as const;
export type Role = (typeof ROLES)[number];

/** Enough for every process to have something to do at any time; more only wait longer. */
const USERS = 64;
const PARTNER_CALLS_PER_CALL = 2;
/** A stack that does fewer calls a second does not come to its end. */
const LEAST_CALLS_PER_S = 100;
/** To start, and to wait for the last answers. */
const GRACE_S = 40;
const SCENARIO = fileURLToPath(new URL('million-load.ts', import.meta.url));

/** `from` items come before the first that is asked for. Rejects when the load cannot be run. */
export async function runCalls(
  stack: RunningStack,
  partner: Partner,
  turn: { readonly round: number; readonly from: number; readonly calls: number },
  stage: Stage,
): Promise<MillionRun> {
  const answeredBefore = await partner.answered();
  const before = readUses(stack, partner);
  const busyBeforeUs = readBusyUs(stage.cores);
  const startMs = performance.now();
  const { from, calls: asked } = turn;
  const { totals, series, durationMs, end, problem } = await runLoad(
    { target: stack.url, users: USERS, from, calls: asked },
    stage,
  );
  const elapsedUs = (performance.now() - startMs) * 1e3;
  const after = readUses(stack, partner);
  const busyUs = readBusyUs(stage.cores) - busyBeforeUs;
  // The page with the first count was itself a request.
  const partnerCalls = (await partner.answered()) - answeredBefore - 1;

  const calls = totals.completed - totals.failed;
  const use = (role: keyof typeof after) => after[role].cpuUs - before[role].cpuUs;
  const cpuUs = {
    edge: use('edge'),
    origin: use('origin'),
    partner: use('partner'),
    load: totals.generator.cpuCores * durationMs * 1e3,
  };
  const ownUs = ROLES.reduce((sum, role) => sum + cpuUs[role], 0);
  const cores = stage.cores.split(',').length;
  return {
    stack: stack.name,
    round: turn.round,
    invalid: whyInvalid(),
    calls,
    failed: totals.failed,
    partnerCalls,
    wallUs: durationMs * 1e3,
    cpuUs,
    othersShare: Math.max(0, busyUs - ownUs) / (elapsedUs * cores),
    p50Ms: totals.latency.p50Ms,
    p99Ms: totals.latency.p99Ms,
  };

  function whyInvalid(): string | undefined {
    if (problem !== null) return problem;
    if (totals.failed > 0) {
      return `${totals.failed} of ${totals.completed} calls failed: ${failuresOf(series)}`;
    }
    if (end !== 'stopped') return `${calls} of ${asked} calls in ${durationMs / 1e3} s`;
    if (partnerCalls !== calls * PARTNER_CALLS_PER_CALL) {
      return `the partner answered ${partnerCalls} requests for ${calls} calls`;
    }
    const changed = (['edge', 'origin', 'partner'] as const).find(
      (role) => before[role].pids.join() !== after[role].pids.join(),
    );
    return changed && `processes of its ${changed} came or went`;
  }
}

/** As `503: 12, timeout: 1`. */
function failuresOf(series: RunResult['series']): string {
  return series
    .flatMap(({ statuses }) => statuses)
    .filter(({ isFailure }) => isFailure)
    .map(({ status, count }) => `${status}: ${count}`)
    .join(', ');
}

function readUses(stack: RunningStack, partner: Partner) {
  return {
    edge: readUse(stack.pids.edge),
    origin: readUse(stack.pids.origin),
    partner: readUse(partner.pids),
  };
}

function readBusyUs(cores: string): number {
  return cores.split(',').reduce((sum, core) => sum + readCoreBusyUs(Number(core)), 0);
}

/** Ends when the calls are made, or when they take so long that the stack must be stuck. */
async function runLoad(load: MillionLoad, { folder, cores, signal }: Stage): Promise<RunResult> {
  const file = join(folder, 'load.json');
  const limitS = Math.ceil(load.calls / LEAST_CALLS_PER_S) + GRACE_S;
  const args = [loadMain, SCENARIO, '--for', `${limitS}s`, '--workers', '1', '--page', 'off'];
  await promisify(execFile)('taskset', ['-c', cores, process.execPath, ...args, '--json', file], {
    env: { ...process.env, MILLION_LOAD: JSON.stringify(load) },
    signal,
    timeout: (limitS + GRACE_S) * 1e3,
    killSignal: 'SIGKILL',
  });
  return JSON.parse(await readFile(file, 'utf8')) as RunResult;
}
