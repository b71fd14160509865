/** Which requests the edge is willing to pass on, whatever their route. */
import type { IncomingHead } from './carrier.ts';
import { type Failure, failure } from './errors.ts';
import { fieldValue } from './headers.ts';
import type { RequestRecord } from './request.ts';

export interface GuardedRequest {
  readonly method: string;
  /** Normalised; `*` for the server itself. */
  readonly path: string;
  /** The Expect field. */
  readonly expect: string | undefined;
  /** In bytes; undefined when there is none or its size is not known yet. */
  readonly bodySizeBytes: number | undefined;
}

/** The reason to refuse the request of `record`, or undefined. */
export function guard(record: RequestRecord, head: IncomingHead): Failure | undefined {
  const { framing, contentLength } = head;
  const request = {
    method: record.method,
    path: record.path,
    expect: fieldValue(record.fields, 'expect'),
    bodySizeBytes: framing === 'length' ? contentLength : undefined,
  };
  return guardRequest(request, record.snapshot.config.limits.requestBodySize);
}

/** The reason to refuse, or undefined. `maxBodySizeBytes` is undefined when there is no limit. */
export function guardRequest(
  request: GuardedRequest,
  maxBodySizeBytes: number | undefined,
): Failure | undefined {
  const { method, path, expect, bodySizeBytes } = request;
  if (path === '*') {
    return failure('method-refused', 'OPTIONS * is not served here; ask about a path');
  }
  if (method === 'TRACE') return failure('method-refused', 'TRACE is not served here');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return failure('expectation-failed', `the expectation "${expect}" cannot be met`);
  }
  if (bodySizeBytes !== undefined && bodySizeBytes > (maxBodySizeBytes ?? Infinity)) {
    return bodyTooLarge(maxBodySizeBytes as number);
  }
  return undefined;
}

/** Also for bodies whose size shows only while they arrive. */
export function bodyTooLarge(maxSizeBytes: number): Failure {
  return failure('body-too-large', `the body exceeds ${maxSizeBytes} bytes`);
}
