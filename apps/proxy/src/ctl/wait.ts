/** `headgate ctl drain --wait`: until nothing is in flight at an upstream. */
import { formatDuration } from '@headgate/config';
import type { ServiceStatus } from '../admin/services.ts';
import type { WorkerReport } from '../control/control-api.ts';
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

/** Requests that may be in flight at an upstream. */
interface Pending {
  readonly atUpstream: number;
  /** Those of workers that leave, which say no more than how many there are. */
  readonly leaving: number;
}

type Looked =
  | { readonly ok: true; readonly pending: Pending }
  | { readonly ok: false; readonly why: string };

/** Prints each change of what is in flight. Resolves with 0 when it is nothing, 1 after `waitMs`. */
export async function awaitQuiet(
  target: UpstreamOf,
  waitMs: number,
  client: AdminClient,
  { print, complain, now, sleep }: WaitDeps,
): Promise<number> {
  const { upstream } = target;
  const deadlineMs = now() + waitMs;
  let printed: string | undefined;
  for (;;) {
    const looked = await look(target, client);
    if (!looked.ok) {
      complain(`headgate: ${looked.why}`);
      return 1;
    }
    const { pending } = looked;
    if (pending.atUpstream === 0 && pending.leaving === 0) {
      print(`nothing is in flight at ${upstream}`);
      return 0;
    }
    const line = describe(pending, 'in flight', upstream);
    if (line !== printed) print(line);
    printed = line;
    const leftMs = deadlineMs - now();
    if (leftMs <= 0) {
      const left = describe(pending, 'still in flight', upstream);
      complain(`headgate: ${left} after ${formatDuration(waitMs)}`);
      return 1;
    }
    await sleep(Math.min(PAUSE_MS, leftMs));
  }
}

/** Services are those of workers that are ready; what others still serve, only they know. */
async function look(target: UpstreamOf, client: AdminClient): Promise<Looked> {
  // In this order: a worker may begin to leave in between, and is then counted twice, not missed.
  const services = await client.get('/api/services');
  if (!services.ok) return services;
  const workers = await client.get('/api/workers');
  if (!workers.ok) return workers;
  const atUpstream = inFlightAt(target, services.body as { services: readonly ServiceStatus[] });
  const leaving = (workers.body as { workers: readonly WorkerReport[] }).workers
    .filter(({ state }) => state === 'draining')
    .reduce((sum, { inFlight }) => sum + inFlight, 0);
  return { ok: true, pending: { atUpstream, leaving } };
}

function describe({ atUpstream, leaving }: Pending, how: string, upstream: string): string {
  return [
    ...(atUpstream > 0 ? [`${atUpstream} ${how} at ${upstream}`] : []),
    ...(leaving > 0 ? [`${leaving} ${how} in workers that leave`] : []),
  ].join(', ');
}

/** An upstream that has gone has nothing in flight that anybody could wait for. */
function inFlightAt(
  { service, upstream }: UpstreamOf,
  { services }: { readonly services: readonly ServiceStatus[] },
): number {
  const found = services.find(({ name }) => name === service);
  return found?.upstreams.find(({ url }) => url === upstream)?.inFlight ?? 0;
}
