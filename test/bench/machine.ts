/** What the figures were measured on, and whether measuring is possible here. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';
import { commandVersion } from './contestants/contestant.ts';

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly kernel: string;
  readonly node: string;
  readonly wrk: string;
  readonly originNginx: string;
}

/** Throws when something is missing that no contest can do without. */
export function describeMachine(): Machine {
  const cores = availableParallelism();
  const wrk = commandVersion('wrk', ['-v'], /wrk (\S+)/);
  const originNginx = commandVersion('nginx', ['-v'], /nginx\/(\S+)/);
  const taskset = commandVersion('taskset', ['--version'], /(\d\S*)/);
  const missing = Object.entries({ wrk, nginx: originNginx, taskset })
    .filter(([, version]) => version === undefined)
    .map(([name]) => name);
  if (missing.length > 0) throw new Error(`install ${missing.join(', ')}: every contest needs it`);
  if (cores < 2) throw new Error('a contest needs two cores: one for the contestant, one for load');
  return {
    cores,
    model: cpus()[0]?.model ?? 'unknown',
    kernel: release(),
    node: process.version,
    wrk: wrk ?? '',
    originNginx: originNginx ?? '',
  };
}

/** Keeps this process and its threads off the core where others are measured. */
export function moveToCore(core: number): void {
  execFileSync('taskset', ['-acp', String(core), String(process.pid)], { stdio: 'ignore' });
}
