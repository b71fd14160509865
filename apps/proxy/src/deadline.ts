/** Until when a request has to be answered, and whether that can still be. */
import { isTooShort } from '@headgate/balancer';
import type { RequestRecord } from './request.ts';
import type { ServiceRuntime } from './snapshot.ts';

/** So long after the last pick, in milliseconds, nobody knows how quick upstreams are. */
const SEEN_MS = 1_000;

/** The earliest of what the client, its route and its service allow; Infinity when none does. */
export function deadlineOf(record: RequestRecord, service: ServiceRuntime): number {
  const givenMs = Math.min(
    service.config.timeouts.total ?? Number.POSITIVE_INFINITY,
    record.route?.deadline ?? Number.POSITIVE_INFINITY,
  );
  return Math.min(record.deadlineMs, record.startedMs + givenMs);
}

/** Is less time left than any upstream takes, for all that has been seen lately? */
export function isTooLate(service: ServiceRuntime, leftMs: number, nowMs: number): boolean {
  const { quickestMs, upstreams } = service.balancer;
  if (!isTooShort(leftMs, quickestMs)) return false;
  // Without a request now and then, nobody would see that they have become quicker.
  return leftMs <= 0 || upstreams.some(({ pickedMs }) => nowMs - pickedMs < SEEN_MS);
}
