/** The access log: one line per request, with what each stage took under the stage's own name. */
import type { AccessLog } from '@headgate/telemetry';
import type { RequestRecord } from './request.ts';

/** Writes the line of a finished request; `nowMs` is on the clock of `startedMs`. */
export function logRequest(log: AccessLog, record: RequestRecord, nowMs: number): void {
  log.write({
    id: record.id,
    trace: record.trace.traceId,
    client: record.client.address,
    method: record.method,
    host: record.host,
    path: record.path,
    route: record.route?.index,
    service: record.service?.name,
    upstream: record.upstream,
    attempts: record.attempts,
    status: record.status,
    failure: record.failure?.kind,
    endedAt: record.endedAt,
    durationMs: round(nowMs - record.startedMs),
    stagesMs: record.stopwatch?.totals(),
  });
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
