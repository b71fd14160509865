/** Which upstream somebody means who does not write its whole URL. */
import { formatEndpoint, parseUpstreamUrl } from '../address.ts';

export type Meant =
  | { readonly ok: true; readonly upstream: string }
  | { readonly ok: false; readonly why: string };

/**
 * The key among `keys` that `text` stands for: the key or URL itself, its `host:port`, or `:port`
 * alone. What stands for none is passed on as it is, for the edge knows what there is instead.
 */
export function meantUpstream(text: string, keys: readonly string[]): Meant {
  const parsed = parseUpstreamUrl(text);
  const key = parsed.ok ? parsed.address.key : text;
  if (keys.includes(key)) return { ok: true, upstream: key };
  const [only, ...others] = keys.filter((candidate) => isShortFor(text, candidate));
  if (only === undefined) return { ok: true, upstream: key };
  if (others.length === 0) return { ok: true, upstream: only };
  return { ok: false, why: `"${text}" may be ${[only, ...others].join(' or ')}` };
}

function isShortFor(text: string, key: string): boolean {
  const parsed = parseUpstreamUrl(key);
  if (!parsed.ok || parsed.address.endpoint.kind === 'unix') return false;
  const place = formatEndpoint(parsed.address.endpoint);
  return text === place || (/^:\d+$/.test(text) && place.endsWith(text));
}
