/** The access log: one line per request, with what each stage took under the stage's own name. */
import type { AccessLog } from '@headgate/telemetry';
import { type RequestRecord, stages, traceOf } from './request.ts';

/** Writes the line of a finished request; `nowMs` is on the clock of `startedMs`. */
export function logRequest(log: AccessLog, record: RequestRecord, nowMs: number): void {
  const { route, service, upstream, failure } = record;
  // Put together by hand: to serialise an object costs as much as half a request.
  log.writeMembers(
    `"id":${quoted(record.id)},"trace":"${traceOf(record).traceId}"` +
      `,"client":${quoted(record.client.address)},"method":${quoted(record.method)}` +
      `,"host":${quoted(record.host)},"path":${quoted(record.path)}` +
      (route ? `,"route":${route.index}` : '') +
      (service ? `,"service":${quoted(service.name)}` : '') +
      (upstream === undefined ? '' : `,"upstream":${quoted(upstream)}`) +
      (record.cached ? `,"cache":"${record.cached}"` : '') +
      `,"attempts":${record.attempts},"status":${record.status}` +
      (failure ? `,"failure":"${failure.kind}"` : '') +
      `,"endedAt":"${record.endedAt}","durationMs":${milliseconds(nowMs - record.startedMs)}` +
      `,"stagesMs":{${stagesOf(record)}}`,
  );
}

function stagesOf({ stopwatch }: RequestRecord): string {
  if (!stopwatch) return '';
  const spentMs = stopwatch.totalsMs();
  let members = '';
  for (let i = 0; i < STAGE_KEYS.length; i++) {
    members += (STAGE_KEYS[i] as string) + milliseconds(spentMs[i] as number);
  }
  return members;
}

const STAGE_KEYS = stages.map((stage, i) => `${i === 0 ? '' : ','}"${stage}":`);

const TO_BE_ESCAPED = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

function quoted(text: string): string {
  if (!TO_BE_ESCAPED.test(text)) return `"${text}"`;
  return `"${text.replace(new RegExp(TO_BE_ESCAPED, 'g'), escaped)}"`;
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Below a millisecond, where nearly all stages are. */
const BELOW_ONE = Array.from({ length: 1_000 }, (_, micros) => String(micros / 1_000));

/** To the microsecond. */
function milliseconds(ms: number): string {
  const micros = Math.round(ms * 1_000);
  return BELOW_ONE[micros] ?? String(micros / 1_000);
}
