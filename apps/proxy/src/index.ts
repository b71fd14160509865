/** The proxy's public entry: write a typed config, or run an edge inside another program. */
export {
  defineConfig,
  loadProxyConfig,
  type ProxyConfig,
  type ProxyConfigInput,
} from './config.ts';
export { type EdgeDeps, type RunningEdge, startEdge } from './edge.ts';
export { type Stage, stages } from './request.ts';
