// Owns what a route may say about caching its answers, and the header fields that say it.
import { parseDuration } from '@headgate/config';

/** A length of time as in configurations, `30s`, `5m` or `24h`, or as a number of milliseconds. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`;

/** How long an answer may be used without asking again; whole seconds, as caches count them. */
export interface Lifetimes {
  /** It is fresh for so long; 0: whoever keeps it asks each time whether it still holds. */
  readonly maxAge: Duration;
  /** For so long afterwards it may be used while it is fetched anew (RFC 5861 §3). Default none. */
  readonly staleWhileRevalidate?: Duration;
  /** For so long afterwards it may stand in for a failure (RFC 5861 §4). Default none. */
  readonly staleIfError?: Duration;
}

/**
 * Who may keep an answer. `everyone`: browsers and shared caches alike. `shared`: shared caches such
 * as the edge, while browsers ask each time. `browser`: the browser of who asked, and nobody else.
 * With lifetimes for browsers: shared caches keep it as the route says, browsers as said here.
 */
export type Audience = 'everyone' | 'shared' | 'browser' | { readonly browser: Lifetimes };

/** Which answers may be kept, by whom and for how long. */
export interface CacheTermsOptions extends Lifetimes {
  /** Default `everyone`. What browsers keep no purge reaches. */
  readonly audience?: Audience;
  /** For 404 and 410; without it they are not kept. */
  readonly negative?: { readonly maxAge: Duration };
  /**
   * Whether the answer to one who has sent Authorization is for all others too (`public`, RFC 9111
   * §3.5). Default false: shared caches do not keep those.
   */
  readonly mayShareAuthorized?: boolean;
  /** Request header fields the answer depends on; joined with those the handler names itself. */
  readonly vary?: readonly string[];
}

/** The fields that say how long an answer may be kept. */
export interface ControlFields {
  readonly cacheControl: string;
  /** For shared caches alone, where they are told something else (RFC 9213). */
  readonly cdnCacheControl: string | undefined;
}

/** {@link CacheTermsOptions}, ready to be sent. */
export interface CacheTerms {
  readonly success: ControlFields;
  /** For 404 and 410. */
  readonly negative: ControlFields;
  readonly vary: readonly string[];
}

/** Nobody keeps it. */
export const noStore: ControlFields = { cacheControl: 'no-store', cdnCacheControl: undefined };

/** RFC 9111 §1.2.2: caches take more for this. */
const maxSeconds = 2 ** 31;

/**
 * Reads what a route declares.
 * @throws RangeError or TypeError, naming the option, for what cannot be meant
 */
export function termsOf(options: CacheTermsOptions): CacheTerms {
  const { audience = 'everyone', negative, mayShareAuthorized = false, vary = [] } = options;
  if (audience === 'browser' && mayShareAuthorized) {
    throw new TypeError(
      'mayShareAuthorized is about shared caches, and audience "browser" keeps the answer from them',
    );
  }
  for (const name of vary) assertFieldName(name);
  const fields = (lifetimes: Lifetimes, where: string) =>
    controlFields(lifetimes, audience, mayShareAuthorized, where);
  return {
    success: fields(options, ''),
    negative: negative ? fields(negative, 'negative.') : noStore,
    vary,
  };
}

function controlFields(
  lifetimes: Lifetimes,
  audience: Audience,
  mayShareAuthorized: boolean,
  where: string,
): ControlFields {
  const flag = mayShareAuthorized ? 'public' : undefined;
  const said = directives(lifetimes, where);
  if (audience === 'everyone') {
    return { cacheControl: joined(flag, said), cdnCacheControl: undefined };
  }
  if (audience === 'browser') {
    return { cacheControl: joined('private', said), cdnCacheControl: undefined };
  }
  const isNegative = where !== '';
  const forBrowsers =
    audience === 'shared' || isNegative
      ? 'no-cache'
      : directives(audience.browser, 'audience.browser.');
  return { cacheControl: joined(flag, forBrowsers), cdnCacheControl: joined(flag, said) };
}

function directives(lifetimes: Lifetimes, where: string): string {
  const { maxAge, staleWhileRevalidate, staleIfError } = lifetimes;
  const seconds = (name: keyof Lifetimes, value: Duration) =>
    String(wholeSeconds(`${where}${name}`, value));
  return joined(
    `max-age=${seconds('maxAge', maxAge)}`,
    staleWhileRevalidate !== undefined
      ? `stale-while-revalidate=${seconds('staleWhileRevalidate', staleWhileRevalidate)}`
      : undefined,
    staleIfError !== undefined
      ? `stale-if-error=${seconds('staleIfError', staleIfError)}`
      : undefined,
  );
}

function wholeSeconds(name: string, duration: Duration): number {
  const ms = typeof duration === 'number' ? duration : parseDuration(duration);
  const seconds = ms === undefined ? Number.NaN : ms / 1000;
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= maxSeconds) return seconds;
  const got = JSON.stringify(duration);
  throw new RangeError(
    `${name} must be whole seconds from 0, such as 30s, 5m or 30_000 (ms), not ${got}`,
  );
}

function assertFieldName(name: string): void {
  if (/^[!#$%&'+\-.^_`|~0-9A-Za-z]+$/.test(name)) return;
  throw new TypeError(
    `vary must have names of request header fields such as accept-language, not ${JSON.stringify(name)}`,
  );
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(', ');
}
