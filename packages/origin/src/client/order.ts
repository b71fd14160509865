// Owns how what a caller says becomes what is asked of a partner, and nothing else.
import { isIdempotentMethod } from '@headgate/balancer';
import type { CallOptions, RequestOptions } from './call-options.ts';
import { type Fields, fieldLines, mergedLines } from './outgoing-fields.ts';
import { requestPath, type Segment } from './request-path.ts';

/** What is asked of a partner. */
export interface Order {
  readonly method: string;
  /** Origin form, base path and all, encoded. */
  readonly path: string;
  /** Field lines but for those that change from attempt to attempt. */
  readonly lines: string;
  /** Has fields of its own beside those of its client. */
  readonly hasOwnFields: boolean;
  readonly body: string | Uint8Array | undefined;
  readonly isIdempotent: boolean;
}

/** Makes the orders of one client; each throws a TypeError for what may not be sent. */
export interface Orders {
  get(segments: readonly Segment[], call: Pick<CallOptions, 'query' | 'headers'>): Order;
  request(call: Omit<RequestOptions, 'schema' | 'parse' | 'cache'>): Order;
}

const methodPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Orders below `basePath`, with the fields `given` unless a call has its own. Throws a TypeError for
 * a field that may not be sent.
 */
export function createOrders(basePath: string, given: Fields = {}): Orders {
  const defaults: Record<string, string> = { accept: 'application/json' };
  for (const name in given) defaults[name.toLowerCase()] = given[name] as string;
  const defaultLines = fieldLines(defaults);

  return {
    get(segments, { query, headers }) {
      return {
        method: 'GET',
        path: requestPath(basePath, segments, query),
        lines: headers === undefined ? defaultLines : mergedLines(defaults, headers),
        hasOwnFields: headers !== undefined,
        body: undefined,
        isIdempotent: true,
      };
    },

    request({ method, segments, query, headers, json, body, idempotencyKey }) {
      if (!methodPattern.test(method) || method === 'CONNECT') {
        throw new TypeError(`method ${JSON.stringify(method)} cannot be sent to a partner`);
      }
      if (json !== undefined && body !== undefined) {
        throw new TypeError('a call has either json or a body, not both');
      }
      const fields: Record<string, string> = {};
      if (json !== undefined) fields['content-type'] = 'application/json';
      if (idempotencyKey !== undefined) fields['idempotency-key'] = idempotencyKey;
      for (const name in headers) fields[name.toLowerCase()] = headers[name] as string;
      return {
        method,
        path: requestPath(basePath, segments, query),
        lines: mergedLines(defaults, fields),
        hasOwnFields: true,
        body: json === undefined ? body : JSON.stringify(json),
        isIdempotent: isIdempotentMethod(method) || idempotencyKey !== undefined,
      };
    },
  };
}
