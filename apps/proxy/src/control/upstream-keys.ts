/** Which upstreams each service has, by the keys the data path knows them by. */
import { upstreamAddressOf } from '../address.ts';
import type { EffectiveConfig } from '../config.ts';
import type { KnownUpstreams } from './operator.ts';

export function keysOf(config: EffectiveConfig): KnownUpstreams {
  return new Map(
    Object.entries(config.services).map(([name, { upstreams }]) => [
      name,
      upstreams.map(({ url }) => upstreamAddressOf(url).key),
    ]),
  );
}
