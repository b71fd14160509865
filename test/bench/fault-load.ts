/**
 * The scenario `headgate-load` runs in a faults contest; what differs from run to run is in the
 * variable `FAULT_LOAD`, as JSON.
 */
import { constant, defineScenario, sequence } from '@headgate/load';
import type { FaultLoad } from './fault-generator.ts';
import { REQUEST_ID } from './fault-origin-server.ts';
import { createRetryingClient } from './fault-retrying-client.ts';

const { target, name, phases, timeoutMs, retries } = JSON.parse(
  process.env.FAULT_LOAD ?? '',
) as FaultLoad;

/** Origins tell repetitions of a proxy from those of a client by it. */
let asked = 0;
const headers = () => ({ [REQUEST_ID]: `${name}-${++asked}` });

export const scenario = defineScenario({
  target,
  arrivals: sequence(
    ...phases.map(({ ratePerS, seconds }) => constant(ratePerS, { for: `${seconds}s` })),
  ),
  // What a failed request counts as: the time a client is ready to spend, all in all.
  timeout: `${timeoutMs * (1 + retries)}ms`,
  flows: {
    request:
      retries === 0
        ? { request: () => ({ path: '/', headers: headers() }) }
        : { run: createRetryingClient({ target, timeoutMs, retries, headers }) },
  },
});
