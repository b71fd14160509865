/**
 * The scenario `headgate-load` runs in a million contest: users without a pause who ask for one item
 * after the other, so that no cache has it. What differs from run to run is in the variable
 * `MILLION_LOAD`, as JSON.
 */
import { defineScenario } from '@headgate/load';

export interface MillionLoad {
  readonly target: string;
  readonly users: number;
  /** How many items come before the first that is asked for. */
  readonly from: number;
  readonly calls: number;
}

/** Ids of the partner are 1 to this. */
const LAST_ID = 1_000_000;

const { target, users, from, calls } = JSON.parse(process.env.MILLION_LOAD ?? '') as MillionLoad;

let asked = 0;
const nextItem = () => {
  // One signal ends the load: what is in flight by then is still answered, and counted.
  if (asked === calls) process.kill(process.ppid, 'SIGTERM');
  return { path: `/items/${1 + ((from + asked++) % LAST_ID)}` };
};

export const scenario = defineScenario({
  target,
  users,
  timeout: '10s',
  flows: { item: { request: nextItem } },
});
