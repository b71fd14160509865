/**
 * The edge's configuration: its schema, and every default once, with unit and reason. Read by
 * `loadProxyConfig`; the same schema serves YAML, JSON and TypeScript files.
 */
import { type PolicyName, policyNames, priorities } from '@headgate/balancer';
import { duration, type Loaded, loadConfig, setting, size } from '@headgate/config';
import { z } from 'zod';
import { address } from './config-address.ts';
import { admin } from './config-admin.ts';
import { crossCheck } from './config-checks.ts';
import { checkProbePort, healthCheck } from './config-health-check.ts';
import { resolver, upstreamEntry, zoneName } from './config-upstream.ts';
import { expandUpstreams } from './discovery/expand.ts';
import { createTrustedProxies } from './forwarded.ts';
import { parseTarget } from './target.ts';

const addressRange = z.string().superRefine((value, context) => {
  try {
    createTrustedProxies([value]);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const positiveDuration = duration().refine((ms) => ms > 0, 'expected more than 0ms');

const boundedSize = size().refine(
  (bytes) => bytes >= 1_024 && bytes <= 1_048_576,
  'expected a size from 1KiB to 1MiB',
);

const cookieName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected the name of a cookie');

const status = z.int().min(500).max(599);

const listener = z.strictObject({ address });

const serviceTimeouts = z.strictObject({
  connect: setting(positiveDuration, {
    default: '2s',
    unit: 'ms',
    reason: 'one lost SYN is repeated after 1s; more means the host is not there',
  }),
  firstByte: setting(positiveDuration, {
    default: '30s',
    unit: 'ms',
    reason: 'the slowest answer worth waiting for',
  }),
  idle: setting(positiveDuration, {
    default: '60s',
    unit: 'ms',
    reason: 'silence of the upstream in the middle of its answer; progress resets it',
  }),
  // No default may kill a stream that makes progress.
  total: positiveDuration.optional(),
  upstreamKeepAlive: setting(positiveDuration, {
    default: '60s',
    unit: 'ms',
    reason: 'below the 75s of the origin kit, so that the edge closes idle connections first',
  }),
  upstreamLifetime: setting(positiveDuration, {
    default: '1h',
    unit: 'ms',
    reason: 'traffic follows DNS to new hosts, and origins let go of what a connection holds',
  }),
  handshake: setting(positiveDuration, {
    default: '10s',
    unit: 'ms',
    reason: 'an upgrade is answered by code that does no work yet',
  }),
  tunnelIdle: setting(positiveDuration, {
    default: '1h',
    unit: 'ms',
    reason: 'chat clients without heartbeats go quiet for long; dead ones must go some day',
  }),
});

const service = z.strictObject({
  policy: setting(z.enum(policyNames as [PolicyName, ...PolicyName[]]), {
    default: 'least-connections',
    reason: 'the only one that is right when upstreams or requests differ',
  }),
  hashKey: setting(
    z
      .string()
      .regex(
        /^(client|host|path|(header|cookie|query):[\w!#$%&'*+.^`|~-]+)$/,
        'expected client, host, path, or header:NAME, cookie:NAME, query:NAME',
      ),
    { default: 'client', reason: 'the one thing every request has; policy hash only' },
  ),
  stickyCookie: setting(cookieName, {
    default: 'headgate-upstream',
    reason: 'says what it is for; policy sticky only',
  }),
  upstreams: z.array(upstreamEntry).min(1, 'expected at least one upstream'),
  healthCheck: healthCheck.optional(),
  timeouts: serviceTimeouts.prefault({}),
  retries: setting(z.int().min(0).max(10), {
    default: 2,
    unit: 'attempts',
    reason: 'beyond two more upstreams the trouble is not one upstream',
  }),
  retryStatuses: setting(z.array(status), {
    default: [502, 503, 504],
    reason: 'they say that this upstream cannot serve now; 500 may be the answer of all of them',
  }),
  // Without one, upstreams' own limits are found when they show a queue.
  maxInFlight: z.int().min(1).optional(),
  // Without one, every proxy connects to every upstream.
  subsetSize: z.int().min(2).optional(),
  maxConnecting: setting(z.int().min(1), {
    default: 128,
    unit: 'connections',
    reason: 'below the accept backlog of origins (511, 2048): a storm must not lose its SYNs',
  }),
});

const routePath = z.string().superRefine((value, context) => {
  const problem = routePathProblem(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

const route = z.strictObject({
  match: z
    .strictObject({
      host: z
        .string()
        .regex(
          /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^[0-9a-f:]+$/i,
          'expected a host name, optionally *.name, without port',
        )
        .optional(),
      path: routePath.optional(),
      methods: z
        .array(z.string().regex(/^[A-Z]+$/, 'expected a method in capitals such as GET'))
        .min(1, 'expected at least one method')
        .optional(),
      headers: z
        .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected a header name'), z.string())
        .optional(),
    })
    .optional(),
  service: z.string().meta({ expects: 'the name of a service' }),
  priority: setting(z.enum(priorities), {
    default: 'normal',
    reason: 'all requests are alike unless said otherwise; who waits longest when there is a queue',
  }),
  // A route without one waits as long as its service allows.
  deadline: positiveDuration.optional(),
  hedge: setting(z.union([z.boolean(), z.strictObject({ delay: positiveDuration })]), {
    default: false,
    reason:
      'a second request costs the upstreams work: only who owns them knows that they have room',
  }),
});

const clientTimeouts = z.strictObject({
  requestHead: setting(positiveDuration, {
    default: '10s',
    unit: 'ms',
    reason: 'a head is one packet; ten seconds forgive any network but not a slow-loris',
  }),
  requestBodyIdle: setting(positiveDuration, {
    default: '30s',
    unit: 'ms',
    reason: 'silence in the middle of an upload; progress resets it',
  }),
  responseStall: setting(positiveDuration, {
    default: '5m',
    unit: 'ms',
    reason:
      'socket buffers of megabytes hide what a slow client takes: 4 MiB at 14 kB/s is this long',
  }),
  clientKeepAlive: setting(positiveDuration, {
    default: '75s',
    unit: 'ms',
    reason: 'longer than the 60s of common load balancers and browsers, which close first',
  }),
  shutdown: setting(positiveDuration, {
    default: '30s',
    unit: 'ms',
    reason: 'what Kubernetes waits before it kills',
  }),
  drainDelay: setting(duration(), {
    default: '0ms',
    unit: 'ms',
    reason: 'only who has a balancer in front knows how long it takes to see that /ready is 503',
  }),
});

/** When a worker is replaced without anybody asking for it. */
const recycling = z.strictObject({
  requests: z.int().min(1_000).optional(),
  age: positiveDuration.optional(),
  memory: size()
    .refine((bytes) => bytes >= 128 * 1_024 * 1_024, 'expected at least 128MiB')
    .optional(),
});

const supervision = z.strictObject({
  readyTimeout: setting(positiveDuration, {
    default: '30s',
    unit: 'ms',
    reason: 'a start takes less than a second; a machine under load is forgiven much more',
  }),
  stuckAfter: setting(duration(), {
    default: '10s',
    unit: 'ms',
    reason: 'nothing an edge does keeps its event loop for a second; 0ms turns it off',
  }),
  // Workers do not wear out by themselves.
  recycle: recycling.prefault({}),
});

const limits = z.strictObject({
  requestTargetSize: setting(
    size().refine(
      (bytes) => bytes >= 256 && bytes <= 1_048_576,
      'expected a size from 256B to 1MiB',
    ),
    { default: '8KiB', unit: 'bytes', reason: 'what nginx and browsers can live with' },
  ),
  requestHeadSize: setting(boundedSize, {
    default: '16KiB',
    unit: 'bytes',
    reason: 'what Node, nginx and HAProxy take by default',
  }),
  requestHeaderCount: setting(z.int().min(1).max(10_000), {
    default: 100,
    unit: 'fields',
    reason: 'three times what browsers send',
  }),
  // Only the API knows what is too large.
  requestBodySize: size()
    .refine((bytes) => bytes > 0, 'expected more than 0B')
    .optional(),
  requestBodyRate: setting(size(), {
    default: '240B',
    unit: 'bytes/s',
    reason: 'below any modem, above a slow-loris, and what Kestrel has; 0B turns it off',
  }),
  pipelinedSize: setting(boundedSize, {
    default: '64KiB',
    unit: 'bytes',
    reason: 'hundreds of small requests ahead of their answers; more waits in the socket',
  }),
  trailerSize: setting(size(), {
    default: '4KiB',
    unit: 'bytes',
    reason: 'checksums and timings, not a second head',
  }),
  chunkExtensionSize: setting(size(), {
    default: '4KiB',
    unit: 'bytes',
    reason: 'they say nothing and cost as much as a body',
  }),
  responseHeadSize: setting(boundedSize, {
    default: '32KiB',
    unit: 'bytes',
    reason: 'origins are trusted with more: large Set-Cookie and policy fields',
  }),
  responseHeaderCount: setting(z.int().min(1).max(10_000), {
    default: 256,
    unit: 'fields',
    reason: 'origins are trusted with more than clients',
  }),
  maxInFlight: setting(z.int().min(1), {
    default: 9_000,
    unit: 'requests',
    reason: 'two sockets each within the 20,000 open files a process commonly has',
  }),
});

export const proxySchema = z
  .strictObject({
    listeners: z.array(listener).min(1, 'expected at least one listener'),
    services: z.record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected a name such as items or user-api'),
      service.superRefine(checkProbePort),
    ),
    routes: z.array(route).min(1, 'expected at least one route'),
    admin: admin.optional(),
    workers: setting(z.union([z.literal('auto'), z.int().min(1).max(256)]), {
      default: 1,
      unit: 'processes',
      reason: 'one process serves tens of thousands of requests a second; auto is one per core',
    }),
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
  })
  .superRefine(crossCheck, { when: () => true });

export type ProxyConfig = z.output<typeof proxySchema>;
/** What a user writes in `headgate.config.ts`. */
export type ProxyConfigInput = z.input<typeof proxySchema>;
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

function routePathProblem(value: string): string | undefined {
  if (!/^\/[!-)+-~]*\*?$/.test(value)) return 'expected /path or /path/*; * only at the end';
  if (value.endsWith('*') && !value.endsWith('/*')) {
    return 'expected /* at the end; a * stands for whole path segments';
  }
  const target = parseTarget(value, 'GET');
  if (!target.ok) return `can never match: ${target.reason}`;
  if (target.query) return 'can never match: a path ends where the query begins';
  if (target.path !== value) return `can never match: requests have it as ${target.path}`;
  return undefined;
}
