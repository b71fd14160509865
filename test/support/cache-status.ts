/** What a cache says of its part in an answer (RFC 9211). */
import type { RawResponse } from './raw-client.ts';

export interface CacheStatus {
  /** Which cache says so. */
  readonly cache: string;
  readonly isHit: boolean;
  /** Why the request went on. */
  readonly fwd: string | undefined;
  readonly fwdStatus: number | undefined;
  /** Seconds it stays fresh; negative when it is stale. */
  readonly ttl: number | undefined;
  readonly isStored: boolean;
  readonly isCollapsed: boolean;
  readonly detail: string | undefined;
}

/** Of the cache nearest to the client; throws when there is none, or it is not written as it should. */
export function cacheStatus(response: Pick<RawResponse, 'header'>): CacheStatus {
  const value = response.header('cache-status');
  if (value === undefined) throw new Error('the answer has no Cache-Status');
  const [cache = '', ...parameters] = (value.split(',').at(-1) ?? '').trim().split(/\s*;\s*/);
  const found = new Map(parameters.map((text) => parameterIn(text, value)));
  const numberOf = (name: string) => {
    const text = found.get(name);
    return text === undefined ? undefined : Number(text);
  };
  return {
    cache,
    isHit: found.has('hit'),
    fwd: found.get('fwd'),
    fwdStatus: numberOf('fwd-status'),
    ttl: numberOf('ttl'),
    isStored: found.has('stored'),
    isCollapsed: found.has('collapsed'),
    detail: found.get('detail'),
  };
}

function parameterIn(text: string, all: string): readonly [string, string] {
  const match = /^([a-z*][a-z0-9_.*-]*)(?:=(-?\d+|[A-Za-z*][\w!#$%&'*+.^`|~:/-]*|"[^"]*"))?$/.exec(
    text,
  );
  if (!match) throw new Error(`not a parameter of a Cache-Status: ${text} in ${all}`);
  return [match[1] as string, match[2] ?? ''];
}
