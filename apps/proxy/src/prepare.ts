/** What goes upstream. */
import type { FieldLines } from '@headgate/http1';
import { formatTraceparent } from '@headgate/telemetry';
import type { Carrier, IncomingHead } from './carrier.ts';
import type { PreparedRequest } from './exchange.ts';
import { endToEndRequestLines } from './headers.ts';
import { type RequestRecord, traceOf } from './request.ts';

/** Made once, so that every attempt starts from the same request; `answerLines` are for its answer. */
export function prepare(
  record: RequestRecord,
  head: IncomingHead,
  carrier: Carrier,
  answerLines: FieldLines | undefined,
): PreparedRequest {
  // Both ids were checked when they came in, or are made of digits and letters.
  const idLine = `x-request-id: ${record.id}\r\n` as FieldLines;
  const traceLine = `traceparent: ${formatTraceparent(traceOf(record))}\r\n`;
  const { extraLines = '' } = carrier;
  const lines =
    record.client.lines + endToEndRequestLines(record.fields) + idLine + traceLine + extraLines;
  return {
    id: record.id,
    idLine: (answerLines ? idLine + answerLines : idLine) as FieldLines,
    method: record.method,
    target: record.path + record.query,
    lines: lines as FieldLines,
    framing: head.framing === 'length' ? head.contentLength : head.framing,
    body: carrier.body,
  };
}
