/** What a scenario consists of, and the few forms most of them are written in. */
import type { EdgeSettings } from './edge.ts';
import type { Phase } from './load.ts';
import type { Measured } from './measured.ts';
import type { Fault, OriginPlan } from './origin.ts';
import type { ServiceTime } from './service-time.ts';

/** Origins, load, faults, and what should come of it. */
export interface Scenario {
  readonly name: string;
  /** What happens, in a sentence. */
  readonly about: string;
  readonly origins: readonly OriginPlan[];
  readonly serviceTime: ServiceTime;
  readonly phases: readonly Phase[];
  /** What is measured: requests that come from `fromMs` until `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly edge: EdgeSettings;
  /** Proxies that share the origins; default 1. */
  readonly edges?: number;
  /** Origins that one proxy uses, drawn by its name; default all. */
  readonly subsetSize?: number | undefined;
  /** How long a client waits, in milliseconds; default for ever. */
  readonly deadlineMs?: number | undefined;
  /** How often a client asks again, 100 ms later, when it got no good answer; default never. */
  readonly clientRetries?: number;
  /** Workers of the central queue that knows everything: the bound. */
  readonly boundWorkers: number;
  /** What the default policy should reach; `plain` is the same run with plain least connections. */
  readonly goals: (measured: Measured, plain: () => Measured) => readonly Goal[];
}

/** One figure that is to be reached. */
export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly isAtMost: boolean;
  readonly isMet: boolean;
}

/** Met when `value` is `limit` or less. */
export function atMost(what: string, value: number, limit: number): Goal {
  return { what, value, limit, isAtMost: true, isMet: value <= limit };
}

/** Met when `value` is `limit` or more. */
export function atLeast(what: string, value: number, limit: number): Goal {
  return { what, value, limit, isAtMost: false, isMet: value >= limit };
}

/** Origins named a, b, c … with four workers each; `faultsOf` says what is wrong with which. */
export function originsOf(
  count: number,
  faultsOf: (index: number) => readonly Fault[] = () => [],
): OriginPlan[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `origin-${i + 1}`,
    workers: 4,
    weight: 1,
    faults: faultsOf(i),
  }));
}

/** The service time of most scenarios. */
export const usualServiceTime: ServiceTime = { kind: 'exponential', meanMs: 20 };
