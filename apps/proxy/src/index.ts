/** The proxy's public entry: write a typed config, or run an edge inside another program. */
export {
  defineConfig,
  type EffectiveConfig,
  loadProxyConfig,
  type ProxyConfig,
  type ProxyConfigInput,
  staticConfig,
} from './config.ts';
export { networkDns } from './discovery/ask-dns.ts';
export { Discovery, type DiscoveryDeps, type Following } from './discovery/discovery.ts';
export { expandUpstreams, type Found, type FoundUpstream } from './discovery/expand.ts';
export type { DiscoveryEvent } from './discovery/troubles.ts';
export { type Stage, stages } from './request.ts';
