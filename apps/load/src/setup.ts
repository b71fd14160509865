/** `setup` and `teardown` of a scenario, with the client they make requests with. */
import type { Plan } from './plan.ts';
import type { Recorder } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { createTargetGuard } from './target-guard.ts';

export interface Setup {
  /** Rejects with what `setup` threw. */
  begin(): Promise<unknown>;
  end(data: unknown): Promise<void>;
  close(): Promise<void>;
}

const NO_SETUP: Setup = {
  begin: async () => undefined,
  end: async () => {},
  close: async () => {},
};

/** What happens before and after the load is not measured. */
const unrecorded: Recorder = {
  series: () => 0,
  started() {},
  answered() {},
  failed() {},
  connected() {},
  received() {},
  connections() {},
};

/** The setup of a scenario that has one; of any other, nothing. */
export async function openSetup(plan: Plan, scenario: Scenario): Promise<Setup> {
  if (!scenario.setup && !scenario.teardown) return NO_SETUP;
  const { createHttpClient } = await import('./flows/http-client.ts');
  const { signal } = new AbortController();
  const client = createHttpClient({
    series: 'setup',
    target: new URL(plan.target),
    recorder: unrecorded,
    guard: createTargetGuard({ ownedHosts: plan.ownedHosts }),
    timeoutMs: plan.timeoutMs,
    headers: plan.headers,
    http2: plan.transport.http2,
    signal,
  });
  const context = { http: client.forFlow({ intendedMs: performance.now() }), signal };
  return {
    begin: async () => scenario.setup?.(context),
    end: async (data) => scenario.teardown?.({ ...context, data }),
    close: () => client.close(),
  };
}
