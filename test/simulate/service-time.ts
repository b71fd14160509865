/** How long an origin works on a request. */
import type { Random } from '@headgate/balancer';

/** A distribution of service times, in milliseconds. */
export type ServiceTime =
  | { readonly kind: 'exponential'; readonly meanMs: number }
  | { readonly kind: 'constant'; readonly meanMs: number }
  /** `sigma` is the standard deviation of the logarithm. */
  | { readonly kind: 'lognormal'; readonly meanMs: number; readonly sigma: number }
  /** Exponential, of another mean for a share of the requests. */
  | {
      readonly kind: 'mix';
      readonly meanMs: number;
      readonly rareShare: number;
      readonly rareMeanMs: number;
    };

/** One draw, in milliseconds. */
export function drawMs(time: ServiceTime, random: Random): number {
  switch (time.kind) {
    case 'constant':
      return time.meanMs;
    case 'exponential':
      return time.meanMs * exponential(random);
    case 'lognormal':
      return time.meanMs * Math.exp(time.sigma * normal(random) - time.sigma ** 2 / 2);
    case 'mix':
      return (random() < time.rareShare ? time.rareMeanMs : time.meanMs) * exponential(random);
  }
}

/** Mean of all draws, in milliseconds. */
export function meanMsOf(time: ServiceTime): number {
  if (time.kind !== 'mix') return time.meanMs;
  return time.meanMs * (1 - time.rareShare) + time.rareMeanMs * time.rareShare;
}

/** Exponentially distributed with mean 1. */
export function exponential(random: Random): number {
  return -Math.log(1 - random());
}

/** Box and Muller, 1958. */
function normal(random: Random): number {
  return Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
}
