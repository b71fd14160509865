/** What a route keeps of its answers, how much memory that may take, and the tier behind it. */
import { duration, setting, size } from '@headgate/config';
import { z } from 'zod';
import { positiveDuration } from './config-duration.ts';
import { redis } from './config-redis.ts';
import type { CachePolicy, KeyRules } from './edge-cache/policy.ts';

const heuristicRules = z.strictObject({
  fraction: setting(z.number().gt(0).max(1), {
    default: 0.1,
    reason: 'what RFC 9111 calls typical: ten days old is fresh for one more',
  }),
  max: setting(positiveDuration, {
    default: '24h',
    unit: 'ms',
    reason: 'a guess should not be wrong for longer than a day',
  }),
});

const parameterNames = z
  .array(z.string().min(1, 'expected the name of a query parameter'))
  .min(1, 'expected at least one name');

const keyRules = z.strictObject({
  query: setting(
    z
      .union([
        z.enum(['all', 'none']),
        z.strictObject({ only: parameterNames }),
        z.strictObject({ without: parameterNames }),
      ])
      .meta({ expects: '"all", "none", { only: [NAME] } or { without: [NAME] }' }),
    { default: 'all', reason: 'any parameter may change the answer; only the API knows which do' },
  ),
  headers: setting(z.array(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected a header name')), {
    default: [],
    reason: 'answers say in Vary what they depend on',
  }),
});

const rules = z.strictObject({
  maxBodySize: setting(
    size().refine((bytes) => bytes > 0, 'expected more than 0B'),
    {
      default: '8MiB',
      unit: 'bytes',
      reason: 'one large answer should not push out thousands of small ones',
    },
  ),
  heuristic: setting(
    z.union([
      z.boolean().transform((isOn) => (isOn ? heuristicRules.parse({}) : (false as const))),
      heuristicRules,
    ]),
    {
      default: false,
      reason: 'an API that does not say how long an answer holds did not think of it',
    },
  ),
  staleWhileRevalidate: setting(duration(), {
    default: '0ms',
    unit: 'ms',
    reason: 'only who knows the data knows whether a late answer is a wrong one',
  }),
  staleIfError: setting(duration(), {
    default: '0ms',
    unit: 'ms',
    reason: 'only who knows the data knows whether an old answer is better than none',
  }),
  clientDirectives: setting(z.enum(['honour', 'ignore']), {
    default: 'honour',
    reason: 'what RFC 9111 expects; ignore keeps clients from reaching past the cache',
  }),
  key: keyRules.prefault({}),
  setCookie: setting(z.enum(['refuse', 'keep']), {
    default: 'refuse',
    reason: 'a cookie that was meant for one client must not reach another',
  }),
  collapse: setting(z.boolean(), {
    default: true,
    reason: 'a thousand clients that ask the same at once are one request to the origin',
  }),
  status: setting(z.boolean(), {
    default: true,
    reason: 'who wonders where an answer came from can see it',
  }),
});

/** `cache` of a route: what it keeps; `true` is the same as an empty object. */
export const routeCache = setting(
  z.union([z.boolean().transform((isOn) => (isOn ? rules.parse({}) : (false as const))), rules]),
  { default: false, reason: 'only who owns an API knows that its answers may be shared' },
);

/** The schema of what is said of a route that caches. */
export { rules as cacheRules };

/** `cache` of a route, with its defaults; false where nothing is kept. */
export type RouteCache = z.output<typeof routeCache>;

/** The top-level section: what all routes share. */
export const cache = z.strictObject({
  memory: setting(
    size().refine((bytes) => bytes >= 1_048_576, 'expected at least 1MiB'),
    {
      default: '256MiB',
      unit: 'bytes',
      reason: 'of each worker: a hundred thousand small answers, and less than a worker may take',
    },
  ),
  // Without one, each worker has what it fetched itself.
  redis: redis.optional(),
});

/** The rules a route caches by; undefined for one that does not. */
export function cachePolicyOf(route: RouteCache): CachePolicy | undefined {
  if (!route) return undefined;
  const { heuristic, key } = route;
  return {
    maxBodyBytes: route.maxBodySize,
    heuristic: heuristic ? { fraction: heuristic.fraction, maxMs: heuristic.max } : undefined,
    staleWhileRevalidateMs: route.staleWhileRevalidate,
    staleIfErrorMs: route.staleIfError,
    honoursClients: route.clientDirectives === 'honour',
    key: keyRulesOf(key),
    keepsSetCookie: route.setCookie === 'keep',
    collapses: route.collapse,
    tellsStatus: route.status,
  };
}

function keyRulesOf({ query, headers }: z.output<typeof keyRules>): KeyRules {
  return { query, headers: headers.map((name) => name.toLowerCase()) };
}
