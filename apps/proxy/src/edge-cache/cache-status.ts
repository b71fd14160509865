/** What the cache did, told to whoever reads the answer (RFC 9211). */
import { type FieldLines, fieldLine } from '@headgate/http1';

/** Why a request went on to an upstream (RFC 9211 §2.2). */
export type ForwardReason =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'request'
  | 'stale'
  | 'partial';

export type CacheVerdict =
  | {
      readonly kind: 'hit';
      /** How long the answer stays fresh; negative when it is stale. */
      readonly ttlMs: number;
      /** One token. */
      readonly detail?: string | undefined;
    }
  | {
      readonly kind: 'forward';
      readonly why: ForwardReason;
      /** The status of the upstream's answer, where it is not the one the client gets. */
      readonly status?: number | undefined;
      readonly ttlMs?: number | undefined;
      readonly isStored?: boolean | undefined;
      readonly isCollapsed?: boolean | undefined;
      /** One token. */
      readonly detail?: string | undefined;
    };

/** Lines of hits with up to so many seconds left are made once. */
const KEPT_SECONDS = 4_096;
const hitLines: FieldLines[] = [];

/** The line of this cache; those of caches behind it come before (RFC 9211 §2). */
export function cacheStatusLine(of: CacheVerdict): FieldLines {
  if (of.kind === 'forward') return forwardLine(of);
  const seconds = Math.floor(of.ttlMs / 1_000);
  if (of.detail !== undefined || seconds < 0 || seconds >= KEPT_SECONDS) {
    return line(`hit; ttl=${seconds}`, of.detail);
  }
  hitLines[seconds] ??= line(`hit; ttl=${seconds}`, undefined);
  return hitLines[seconds];
}

function forwardLine(of: CacheVerdict & { readonly kind: 'forward' }): FieldLines {
  let said = `fwd=${of.why}`;
  if (of.status !== undefined) said += `; fwd-status=${of.status}`;
  if (of.ttlMs !== undefined) said += `; ttl=${Math.floor(of.ttlMs / 1_000)}`;
  if (of.isStored) said += '; stored';
  if (of.isCollapsed) said += '; collapsed';
  return line(said, of.detail);
}

function line(said: string, detail: string | undefined): FieldLines {
  const more = detail === undefined ? '' : `; detail=${detail}`;
  return fieldLine('cache-status', `headgate; ${said}${more}`);
}
