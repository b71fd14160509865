/** From what was written, found and decided to what the data path of each process runs. */
import { availableParallelism } from 'node:os';
import type { EffectiveConfig, EffectiveService, ProxyConfig } from '../config.ts';
import { expandUpstreams, type Found } from '../discovery/expand.ts';
import { applyOperatorState, type OperatorState } from './operator.ts';

export interface Ingredients {
  readonly config: ProxyConfig;
  /** What discovery knows of the names in it. */
  readonly found: Found;
  readonly operator: OperatorState;
  /** Processes that share what is limited for all of them together. */
  readonly workers: number;
}

/** Pure: the same ingredients give the same configuration. */
export function effectiveConfig({
  config,
  found,
  operator,
  workers,
}: Ingredients): EffectiveConfig {
  const expanded = expandUpstreams(config, found);
  const services: Record<string, EffectiveService> = {};
  for (const [name, service] of Object.entries(applyOperatorState(expanded.services, operator))) {
    services[name] = workers === 1 ? service : shareOf(service, workers);
  }
  return { ...expanded, services };
}

/** How many processes `workers` asks for. */
export function workerCount(config: ProxyConfig): number {
  return config.workers === 'auto' ? availableParallelism() : config.workers;
}

/** Upstreams are protected from all workers together, so each may do its part. */
function shareOf(service: EffectiveService, workers: number): EffectiveService {
  const part = (limit: number | undefined) =>
    limit === undefined ? undefined : Math.ceil(limit / workers);
  return {
    ...service,
    maxInFlight: part(service.maxInFlight),
    upstreams: service.upstreams.map((upstream) => ({
      ...upstream,
      maxInFlight: part(upstream.maxInFlight),
    })),
  };
}
