/** A service: its upstreams, how one is picked, and how long and how often each is tried. */
import { type PolicyName, policyNames } from '@headgate/balancer';
import { setting } from '@headgate/config';
import { z } from 'zod';
import { positiveDuration } from './config-duration.ts';
import { checkProbePort, healthCheck } from './config-health-check.ts';
import { upstreamEntry } from './config-upstream.ts';

const cookieName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected the name of a cookie');

const status = z.int().min(500).max(599);

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

export const service = z
  .strictObject({
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
  })
  .superRefine(checkProbePort);
