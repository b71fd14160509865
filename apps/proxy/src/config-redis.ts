/** The `cache.redis` section: the second tier, which workers and proxies share. */
import type { RedisPlace } from '@headgate/cache';
import { setting, size } from '@headgate/config';
import { z } from 'zod';
import { parseAddress } from './address.ts';
import { SECRET } from './config-admin.ts';
import { positiveDuration } from './config-duration.ts';

/** Where Redis may be; each configuration has exactly one of these. */
const places = ['url', 'sentinel', 'cluster'] as const;

const EXPECTED_PLACE = `expected one of ${places.join(', ')}`;

const url = z
  .string()
  .superRefine((value, context) => {
    const message = urlProblem(value);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .meta({
    expects: 'redis://host:port, rediss://host:port or unix:/path',
    secret: (value: unknown) => withoutPassword(String(value)),
  });

const node = z
  .string()
  .superRefine((value, context) => {
    const message = nodeProblem(value);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .meta({
    expects: 'redis://host:port or rediss://host:port',
    secret: (value: unknown) => withoutPassword(String(value)),
  });

const nodes = z.array(node).min(1, 'expected at least one node');

const password = z.string().min(1).meta({ secret: true });

const sentinel = z.strictObject({
  name: z.string().min(1).meta({ expects: 'the name Sentinel knows the Redis by' }),
  nodes,
  // Of the Redis behind it.
  username: z.string().min(1).optional(),
  password: password.optional(),
  sentinelPassword: password.optional(),
});

const cluster = z.strictObject({ nodes, password: password.optional() });

export const redis = z
  .strictObject({
    url: url.optional(),
    sentinel: sentinel.optional(),
    cluster: cluster.optional(),
    prefix: setting(
      z.string().regex(/^[!-z|~]{1,64}$/, 'expected up to 64 characters without spaces and braces'),
      { default: 'headgate:', reason: 'others may use the same Redis' },
    ),
    commandTimeout: setting(positiveDuration, {
      default: '100ms',
      unit: 'ms',
      reason: 'a hundred round trips; whoever waits longer had better ask the origin',
    }),
    maxEntrySize: setting(
      size().refine(
        (bytes) => bytes >= 1_024 && bytes <= 64 * 1_024 * 1_024,
        'expected a size from 1KiB to 64MiB',
      ),
      {
        default: '1MiB',
        unit: 'bytes',
        reason: 'one thread of Redis serves everybody; larger answers stay in memory alone',
      },
    ),
  })
  .superRefine((config, context) => {
    const report = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const [place, other] = places.filter((each) => config[each] !== undefined);
    // A mistyped one is reported as that.
    const isMistyped = context.issues.some(({ code }) => code === 'unrecognized_keys');
    if (place === undefined && !isMistyped) report([], EXPECTED_PLACE);
    if (other !== undefined) {
      report([other], `${EXPECTED_PLACE}, and there is ${place} already`);
    }
  })
  .meta({ expects: `an object with one of ${places.join(', ')}` });

/** As it is configured. */
export type RedisConfig = z.output<typeof redis>;

/** The one place a valid configuration has, in the words of the store. */
export function redisPlaceOf({ url = '', sentinel, cluster }: RedisConfig): RedisPlace {
  if (sentinel) {
    const { name, nodes, username, password, sentinelPassword } = sentinel;
    return {
      sentinel: {
        name,
        nodes,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...(sentinelPassword !== undefined && { sentinelPassword }),
      },
    };
  }
  if (cluster) {
    const { nodes, password } = cluster;
    return { cluster: { nodes, ...(password !== undefined && { password }) } };
  }
  return { url: url.replace(/^unix:/, '') };
}

/** The section without its passwords. */
export function redactedRedis(config: RedisConfig): RedisConfig {
  const { url, sentinel, cluster } = config;
  return {
    ...config,
    ...(url !== undefined && { url: withoutPassword(url) }),
    ...(sentinel && {
      sentinel: {
        ...sentinel,
        ...(sentinel.password !== undefined && { password: SECRET }),
        ...(sentinel.sentinelPassword !== undefined && { sentinelPassword: SECRET }),
      },
    }),
    ...(cluster && {
      cluster: { ...cluster, ...(cluster.password !== undefined && { password: SECRET }) },
    }),
  };
}

const PASSWORD = /^(\w+:\/\/[^:@/?#]*:)([^/?#]*)@/;

/** The password in an address, as it is written there. */
export function passwordOf(address: string): string | undefined {
  return PASSWORD.exec(address)?.[2];
}

/** `redis://user:<secret>@host`: all that may be shown of an address. */
function withoutPassword(address: string): string {
  return address.replace(PASSWORD, `$1${SECRET}@`);
}

function urlProblem(text: string): string | undefined {
  if (text.startsWith('unix:')) {
    const parsed = parseAddress(text);
    return parsed.ok ? undefined : parsed.reason;
  }
  if (text.startsWith('/')) return `expected unix:${text} for a Unix socket`;
  const parsed = redisUrlOf(text);
  if (!parsed)
    return `expected redis://host:port, rediss://host:port or unix:/path${gotScheme(text)}`;
  if (parsed.search !== '') return 'expected no ?query; settings have their place beside the url';
  return /^\/?\d*$/.test(parsed.pathname) && parsed.hash === ''
    ? undefined
    : 'expected nothing or the number of a database after the port, such as redis://host:6379/2';
}

function nodeProblem(text: string): string | undefined {
  const parsed = redisUrlOf(text);
  if (!parsed) return `expected redis://host:port or rediss://host:port${gotScheme(text)}`;
  if (parsed.username !== '' || parsed.password !== '') {
    return 'expected no password in the address; nodes share the one in "password"';
  }
  const isBare = /^\/?$/.test(parsed.pathname) && parsed.search === '' && parsed.hash === '';
  return isBare ? undefined : 'expected nothing after the port';
}

function redisUrlOf(text: string): URL | undefined {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  return parsed.hostname === '' ? undefined : parsed;
}

/** Never more of what was given than its scheme: the rest may be a password. */
function gotScheme(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme === undefined) return '';
  return scheme === 'redis' || scheme === 'rediss'
    ? `; escape what is special in a password, as in %2F for /`
    : `; ${scheme}:// is none of them`;
}
