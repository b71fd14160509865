/** `headgate ctl drain --wait`: until nothing is in flight at an upstream. */
import { formatDuration } from '@headgate/config';
import type { ServiceStatus } from '../admin/services.ts';
import type { AdminClient } from './admin-client.ts';

export interface UpstreamOf {
  readonly service: string;
  readonly upstream: string;
}

export interface WaitDeps {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly sleep: (delayMs: number) => Promise<void>;
}

const PAUSE_MS = 500;

/** Prints each change of what is in flight. Resolves with 0 when it is nothing, 1 after `waitMs`. */
export async function awaitQuiet(
  target: UpstreamOf,
  waitMs: number,
  client: AdminClient,
  { print, complain, now, sleep }: WaitDeps,
): Promise<number> {
  const deadlineMs = now() + waitMs;
  let printed: number | undefined;
  for (;;) {
    const reply = await client.get('/api/services');
    if (!reply.ok) {
      complain(`headgate: ${reply.why}`);
      return 1;
    }
    const inFlight = inFlightAt(target, reply.body as { services: readonly ServiceStatus[] });
    if (inFlight === 0) {
      print(`nothing is in flight at ${target.upstream}`);
      return 0;
    }
    if (inFlight !== printed) print(`${inFlight} in flight at ${target.upstream}`);
    printed = inFlight;
    const leftMs = deadlineMs - now();
    if (leftMs <= 0) {
      const waited = formatDuration(waitMs);
      complain(`headgate: ${inFlight} still in flight at ${target.upstream} after ${waited}`);
      return 1;
    }
    await sleep(Math.min(PAUSE_MS, leftMs));
  }
}

/** An upstream that has gone has nothing in flight that anybody could wait for. */
function inFlightAt(
  { service, upstream }: UpstreamOf,
  { services }: { readonly services: readonly ServiceStatus[] },
): number {
  const found = services.find(({ name }) => name === service);
  return found?.upstreams.find(({ url }) => url === upstream)?.inFlight ?? 0;
}
