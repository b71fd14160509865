/** How long clients, and those who stop the edge, are waited for; services have their own. */
import { duration, setting } from '@headgate/config';
import { z } from 'zod';
import { positiveDuration } from './config-duration.ts';

export const clientTimeouts = z.strictObject({
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
