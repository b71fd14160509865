// Owns the fetching of URLs that come from users (webhooks, previews, imports), so that none of
// them leads to a machine of ours: each host is looked up once, all its addresses are judged, and
// the connection goes to one of those and nowhere else.
import {
  askPublic,
  internet,
  type PublicAnswer,
  type PublicHop,
  type PublicWorld,
} from './public-url-ask.ts';
import { PublicUrlError } from './public-url-error.ts';
import { type PublicUrlRules, readPublicUrl } from './public-url-rules.ts';

/** What is fetched, and within which bounds. */
export interface PublicFetchOptions extends PublicUrlRules {
  /** Ends it; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds for everything, redirects included. Default 10 000. */
  readonly timeoutMs?: number;
  /** Largest body in bytes, as it comes over the wire. */
  readonly maxResponseBytes: number;
  /** Redirects to follow; one more is an error. Default 3; a webhook has no business to redirect. */
  readonly maxRedirects?: number;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Fields that are written from the URL and the body, or that would ask for more than we can read. */
const OURS =
  /^(?:host|connection|keep-alive|upgrade|te|trailer|expect|content-length|transfer-encoding|accept-encoding|proxy-.*)$/i;
/** All that another origin is told: any other field may be a secret meant for the first. */
const FOR_ANY_ORIGIN = /^(?:accept|accept-language|content-type|user-agent)$/i;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches `url`, which somebody else chose. Rejects with a PublicUrlError when it may not or could
 * not be fetched, with the reason of `signal`, and with a TypeError for a method or headers that
 * nobody can send or that are not the caller's to set. Any status is an answer. Bodies are asked for and given uncompressed.
 */
export async function fetchPublicUrl(
  url: string,
  options: PublicFetchOptions,
  world: PublicWorld = internet,
): Promise<PublicAnswer> {
  const { timeoutMs = 10_000, maxRedirects = 3, signal } = options;
  const ours = Object.keys(options.headers ?? {}).find((name) => OURS.test(name));
  if (ours !== undefined) throw new TypeError(`the header ${ours} is not the caller's to set`);
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new PublicUrlError('timeout', `no whole answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const end = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  try {
    let hop: PublicHop = {
      url: readPublicUrl(url, options),
      method: options.method ?? 'GET',
      headers: { ...options.headers },
      body: options.body,
    };
    for (let redirects = 0; ; redirects++) {
      const answer = await askPublic(hop, options.maxResponseBytes, end, world);
      const location = REDIRECTS.has(answer.status) ? answer.header('location') : undefined;
      if (location === undefined) return answer;
      if (redirects === maxRedirects) {
        throw new PublicUrlError('redirects', `it redirects more than ${maxRedirects} times`);
      }
      hop = nextHop(hop, answer.status, readPublicUrl(location, options, hop.url));
    }
  } catch (error) {
    if (end.aborted) throw end.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The request that a redirect asks for (RFC 9110 §15.4). Its body goes along where it is meant to. */
function nextHop(hop: PublicHop, status: number, url: URL): PublicHop {
  const isSameOrigin = url.origin === hop.url.origin;
  const becomesGet = status === 303 ? hop.method !== 'HEAD' : status < 303 && hop.method === 'POST';
  const isKept = (name: string) =>
    (isSameOrigin || FOR_ANY_ORIGIN.test(name)) && !(becomesGet && /^content-/i.test(name));
  const headers = Object.fromEntries(Object.entries(hop.headers).filter(([name]) => isKept(name)));
  if (becomesGet) return { url, method: 'GET', headers, body: undefined };
  return { ...hop, url, headers };
}
