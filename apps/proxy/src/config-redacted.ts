/** A configuration as it may be shown: without what only the edge and its operators may know. */
import type { ProxyConfig } from './config.ts';
import { SECRET } from './config-admin.ts';
import { passwordOf, redactedRedis } from './config-redis.ts';

/** The same configuration with `<secret>` in place of its token and passwords. */
export function redacted(config: ProxyConfig): ProxyConfig {
  const { admin, cache } = config;
  return {
    ...config,
    ...(admin?.token !== undefined && { admin: { ...admin, token: SECRET } }),
    ...(cache.redis && { cache: { ...cache, redis: redactedRedis(cache.redis) } }),
  };
}

/** Every secret there is, by the path of its setting. */
export function secretsOf({ admin, cache }: ProxyConfig): ReadonlyMap<string, string> {
  const { url, sentinel, cluster } = cache.redis ?? {};
  const secrets = {
    'admin.token': admin?.token,
    'cache.redis.url': url === undefined ? undefined : passwordOf(url),
    'cache.redis.sentinel.password': sentinel?.password,
    'cache.redis.sentinel.sentinelPassword': sentinel?.sentinelPassword,
    'cache.redis.cluster.password': cluster?.password,
  };
  return new Map(
    Object.entries(secrets).flatMap(([path, secret]) =>
      secret === undefined ? [] : [[path, secret] as const],
    ),
  );
}
