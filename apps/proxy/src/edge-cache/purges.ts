/** From what is asked to be forgotten to the keys it is kept under. */
import type { Purge } from '@headgate/cache';
import type { RequestRecord } from '../request.ts';
import { hostnameOf } from '../router.ts';
import type { Snapshot } from '../snapshot.ts';
import { parseTarget } from '../target.ts';
import { primaryKeyOf } from './key.ts';
import type { KeyRules } from './policy.ts';
import type { PurgeOrder } from './purge-order.ts';

const WHOLE_URL: KeyRules = { query: 'all', headers: [] };

/** One purge for each thing to be forgotten. Throws a TypeError for what is no URL of http(s). */
export function purgesOf(order: PurgeOrder, snapshot: Snapshot): Purge[] {
  switch (order.kind) {
    case 'url':
      return [{ kind: 'key', key: keyOf(order.url, snapshot) }];
    case 'prefix':
      return [{ kind: 'prefix', prefix: keyOf(order.prefix, undefined) }];
    case 'tags':
      return order.tags.map((tag) => ({ kind: 'tag', tag }));
    case 'all':
      return [{ kind: 'all' }];
    default:
      throw new TypeError(`there is no such purge: ${JSON.stringify(order satisfies never)}`);
  }
}

/** As a request for it would be kept, under the rules of its route. */
function keyOf(text: string, snapshot: Snapshot | undefined): string {
  const url = new URL(text);
  // What URL has made of the path is not what a client has sent, or this edge made of that.
  const raw = /^https?:\/\/[^/?#]*([^?#]*)(\?[^#]*)?/i.exec(text);
  if (!raw)
    throw new TypeError(`${text} is no URL of http or https; give one like http://host/path`);
  const proto = url.protocol === 'https:' ? 'https' : 'http';
  const target = parseTarget(`${raw[1] || '/'}${raw[2] ?? ''}`, 'GET');
  if (!target.ok) throw new TypeError(`${text} is no URL that can be asked for: ${target.reason}`);
  const { path, query } = target;
  const asked = { proto, host: url.host, forwardedHost: undefined, path, query } as const;
  return primaryKeyOf(asked, snapshot ? keyRulesAt(snapshot, url.host, path) : WHOLE_URL);
}

/** What tells answers apart where a GET of this path would go. */
export function keyRulesAt(snapshot: Snapshot, host: string, path: string): KeyRules {
  const found = snapshot.router.match({
    method: 'GET',
    path,
    hostname: hostnameOf(host),
    header: () => undefined,
  });
  const policy = found.kind === 'found' ? snapshot.caching[found.route.index] : undefined;
  return policy?.key ?? WHOLE_URL;
}

/** The key of the URL a request is for. */
export function primaryOf(
  { client, host, path, query }: Pick<RequestRecord, 'client' | 'host' | 'path' | 'query'>,
  rules: KeyRules,
): string {
  const { proto } = client;
  const forwardedHost = client.isPeerTrusted ? client.host : undefined;
  return primaryKeyOf({ proto, host, forwardedHost, path, query }, rules);
}
