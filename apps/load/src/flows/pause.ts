/** The think time of a scripted flow. */
import type { Random } from '../scenario.ts';
import { type Cuttable, cutFailure, type FlowScope } from './flow-scope.ts';
import { timerMs } from './timer-duration.ts';

/** `2s`, or anything between two, evenly distributed. */
export type ThinkTime = string | readonly [from: string, to: string];

/** Milliseconds of a think time. Throws a TypeError for what is none. */
export function thinkTimeMs(duration: ThinkTime, random: Random): number {
  if (typeof duration === 'string') return durationMs(duration);
  const fromMs = durationMs(duration[0]);
  const toMs = durationMs(duration[1]);
  if (fromMs > toMs) throw new TypeError(`think: ${duration[1]} is less than ${duration[0]}`);
  return fromMs + random() * (toMs - fromMs);
}

/** Resolves after `lengthMs`; rejects with a `RequestFailure` when it is cut. */
export function pause(scope: FlowScope, lengthMs: number): Promise<void> {
  if (scope.isCut) return scope.refuse('think');
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      scope.underWay.delete(cuttable);
      resolve();
    }, lengthMs);
    const cuttable: Cuttable = {
      cut() {
        clearTimeout(timer);
        reject(cutFailure('think'));
      },
    };
    scope.underWay.add(cuttable);
  });
}

function durationMs(text: string): number {
  const ms = timerMs(text);
  if (ms !== undefined) return ms;
  throw new TypeError(`think: a duration such as 250ms, 2s or 1m, not ${JSON.stringify(text)}`);
}
