/** Which requests the edge is willing to pass on, whatever their route. */
import { type Failure, failure } from './errors.ts';
import { headerCount, joinedHeader } from './headers.ts';

export interface GuardedRequest {
  readonly method: string;
  /** Normalised; `*` for the server itself. */
  readonly path: string;
  readonly httpVersion: string;
  /** What the request is taken to be for. */
  readonly host: string;
  readonly headers: readonly string[];
}

/** A Host may be empty only where the edge has filled it in; it never has these characters. */
const NOT_IN_HOST = /[\s,/?#@\\]/;

/** The reason to refuse, or undefined. `maxHeaderCount` is in fields. */
export function guardRequest(request: GuardedRequest, maxHeaderCount: number): Failure | undefined {
  const { method, headers, host } = request;
  const count = headers.length / 2;
  if (count > maxHeaderCount) {
    const detail = `the request has ${count} header fields, the limit is ${maxHeaderCount}`;
    return failure('head-too-large', detail);
  }
  const hosts = headerCount(headers, 'host');
  if (hosts > 1) return failure('bad-request', 'the request has more than one Host field');
  if (hosts === 0 && request.httpVersion !== '1.0') {
    return failure('bad-request', 'the request has no Host field');
  }
  if (NOT_IN_HOST.test(host)) return failure('bad-request', 'the Host field is not a host');
  const coding = joinedHeader(headers, 'transfer-encoding');
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    return failure('bad-request', 'the only transfer coding taken here is chunked');
  }
  if (request.path === '*') {
    return failure('method-refused', 'OPTIONS * is not served here; ask about a path');
  }
  if (method === 'CONNECT' || method === 'TRACE') {
    return failure('method-refused', `${method} is not served here`);
  }
  return undefined;
}
