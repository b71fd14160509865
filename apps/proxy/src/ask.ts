/** What a request asks of its service's policy: the key it is hashed by, the upstream it stays with. */
import {
  type Ask,
  hash32,
  isIdempotentMethod,
  type Priority,
  priorities,
  type Upstream,
} from '@headgate/balancer';
import { type FieldLines, fieldLine } from '@headgate/http1';
import { fieldValue, joinedField } from './headers.ts';
import type { RequestRecord } from './request.ts';
import type { ServiceRuntime } from './snapshot.ts';

/** The question to the policy; `isRepeatable` when a failed attempt may be made elsewhere. */
export function askFor(
  record: RequestRecord,
  service: ServiceRuntime,
  tried: readonly Upstream[],
  isRepeatable: boolean,
  nowMs: number,
): Ask {
  const { policy, hashKey, stickyCookie } = service.config;
  const key = policy === 'hash' ? keyOf(record, hashKey) : undefined;
  const stuck = policy === 'sticky' ? cookieOf(record, stickyCookie) : undefined;
  return {
    nowMs,
    tried,
    isRepeatable,
    hash: key === undefined ? undefined : hash32(key),
    stickTo: stuck === undefined ? undefined : service.upstreamOfToken.get(stuck),
  };
}

/** May a failed attempt be made again, for all that is known before it? */
export function isRepeatableRequest(record: RequestRecord, hasBody: boolean): boolean {
  return !hasBody && isIdempotentMethod(record.method);
}

/** Who is served first when requests wait: what a trusted client says, otherwise its route. */
export function priorityOf({ client, fields, route }: RequestRecord): Priority {
  const said = client.isPeerTrusted ? fieldValue(fields, 'headgate-priority') : undefined;
  return priorities.find((one) => one === said) ?? route?.priority ?? 'normal';
}

/** The cookie that keeps a client with `upstream`, where it does not have it yet. */
export function stickyLine(
  record: RequestRecord,
  service: ServiceRuntime,
  upstream: Upstream,
): FieldLines | undefined {
  const { policy, stickyCookie } = service.config;
  if (policy !== 'sticky') return undefined;
  const token = tokenOf(upstream.key);
  if (cookieOf(record, stickyCookie) === token) return undefined;
  return fieldLine('set-cookie', `${stickyCookie}=${token}; Path=/; HttpOnly; SameSite=Lax`);
}

/** What stands for an upstream in a cookie: clients need not know its address. */
export function tokenOf(key: string): string {
  return hash32(key).toString(16).padStart(8, '0') + hash32(key, 1).toString(16).padStart(8, '0');
}

function keyOf(record: RequestRecord, hashKey: string): string | undefined {
  const [kind, name = ''] = hashKey.split(':', 2);
  switch (kind) {
    case 'host':
      return record.host.toLowerCase();
    case 'path':
      return record.path;
    case 'header':
      return fieldValue(record.fields, name.toLowerCase());
    case 'cookie':
      return cookieOf(record, name);
    case 'query':
      return new URLSearchParams(record.query).get(name) ?? undefined;
    default:
      return record.client.address;
  }
}

/** The value of a request's cookie (RFC 6265 §5.4), undefined when there is none. */
function cookieOf({ fields }: RequestRecord, name: string): string | undefined {
  for (const pair of (joinedField(fields, 'cookie') ?? '').split(/[;,]/)) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
