/**
 * The edge's configuration: its schema, and every default once, with unit and reason. Read by
 * `loadProxyConfig`; the same schema serves YAML, JSON and TypeScript files.
 */
import { type Loaded, loadConfig, setting } from '@headgate/config';
import { z } from 'zod';
import { address } from './config-address.ts';
import { admin } from './config-admin.ts';
import { cache } from './config-cache.ts';
import { crossCheck } from './config-checks.ts';
import { limits } from './config-limits.ts';
import { route } from './config-route.ts';
import { service } from './config-service.ts';
import { supervision, workers } from './config-supervision.ts';
import { clientTimeouts } from './config-timeouts.ts';
import { resolver, zoneName } from './config-upstream.ts';
import { expandUpstreams } from './discovery/expand.ts';
import { createTrustedProxies } from './forwarded.ts';

const addressRange = z.string().superRefine((value, context) => {
  try {
    createTrustedProxies([value]);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const listener = z.strictObject({ address });

export const proxySchema = z
  .strictObject({
    listeners: z.array(listener).min(1, 'expected at least one listener'),
    services: z.record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected a name such as items or user-api'),
      service,
    ),
    routes: z.array(route).min(1, 'expected at least one route'),
    admin: admin.optional(),
    workers,
    supervision: supervision.prefault({}),
    watch: setting(z.boolean(), {
      default: false,
      reason: 'a half-edited file is no wish; signals and the admin API say when it is whole',
    }),
    accessLog: setting(
      z.union([z.enum(['off', 'stdout']), z.strictObject({ file: z.string().min(1) })]),
      { default: 'off', reason: 'metrics are on and cost less; a log is a choice' },
    ),
    logLevel: setting(z.enum(['debug', 'info', 'warn', 'error']), {
      default: 'info',
      reason: 'events an operator acts on; requests go to the access log',
    }),
    trustedProxies: setting(z.array(addressRange), {
      default: [],
      reason: 'nobody may speak for a client until somebody says so',
    }),
    // Unknown unless somebody says so; upstreams in the same one are preferred.
    zone: zoneName.optional(),
    resolver: resolver.prefault({}),
    timeouts: clientTimeouts.prefault({}),
    limits: limits.prefault({}),
    cache: cache.prefault({}),
  })
  .superRefine(crossCheck, { when: () => true });

export type ProxyConfig = z.output<typeof proxySchema>;
/** What a user writes in `headgate.config.ts`. */
export type ProxyConfigInput = z.input<typeof proxySchema>;
/** What the routes that cache share. */
export type CacheConfig = ProxyConfig['cache'];
/** A service as it is written. */
export type ServiceConfig = ProxyConfig['services'][string];
/** One entry of `upstreams` as it is written: an address, or where addresses are to be found. */
export type UpstreamEntry = ServiceConfig['upstreams'][number];

/** One upstream by its address, whoever found it. */
export interface UpstreamConfig {
  readonly url: string;
  readonly weight: number;
  readonly zone?: string | undefined;
  readonly maxInFlight?: number | undefined;
  /** The name that is asked for and verified over TLS; default the host of `url`. */
  readonly tlsName?: string | undefined;
  /** What an operator has made of it; absent while it is used like any other. */
  readonly state?: 'draining' | 'disabled' | undefined;
}

/** A service with its upstreams as they are now; there may be none while nothing is found. */
export type EffectiveService = Omit<ServiceConfig, 'upstreams'> & {
  readonly upstreams: readonly UpstreamConfig[];
};

/** What the data path runs: the config with every upstream by its address. */
export type EffectiveConfig = Omit<ProxyConfig, 'services'> & {
  readonly services: Readonly<Record<string, EffectiveService>>;
};

/** The effective config before anything is discovered: the upstreams that are written as `url`. */
export function staticConfig(config: ProxyConfig): EffectiveConfig {
  return expandUpstreams(config, new Map());
}

/** Gives a TypeScript config completion and checking; returns it unchanged. */
export function defineConfig(config: ProxyConfigInput): ProxyConfigInput {
  return config;
}

/** Environment variables that override the file, for what differs from host to host. */
const ENV_NAMES = {
  accessLog: 'HEADGATE_ACCESS_LOG',
  logLevel: 'HEADGATE_LOG_LEVEL',
  'admin.address': 'HEADGATE_ADMIN_ADDRESS',
  zone: 'HEADGATE_ZONE',
} as const;

/** Loads, substitutes, validates and freezes; never throws for anything a user can write. */
export function loadProxyConfig(
  file: string,
  env: Record<string, string | undefined>,
): Promise<Loaded<ProxyConfig>> {
  return loadConfig({ schema: proxySchema, file, env, envNames: ENV_NAMES });
}
