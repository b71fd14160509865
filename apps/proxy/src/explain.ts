/** `headgate explain`: which route, service and rules a request would meet, without sending it. */
import { isIdempotentMethod } from '@headgate/balancer';
import { formatSize } from '@headgate/config';
import type { ProxyConfig } from './config.ts';
import type { RouteCache } from './config-cache.ts';
import { placeOf } from './discovery/expand.ts';
import { statusOf } from './errors.ts';
import { guardRequest } from './guard.ts';
import { createRouter, hostnameOf, type RouteMatch } from './router.ts';
import { parseTarget } from './target.ts';

export interface ExplainedRequest {
  readonly method: string;
  /** A full URL, or a path with the host in `headers`. */
  readonly url: string;
  /** Names and values alternating. */
  readonly headers: readonly string[];
}

/** Lines for people; the same parser and router as the running edge, so it cannot disagree. */
export function explainRequest(config: ProxyConfig, request: ExplainedRequest): string[] {
  const { method, headers } = request;
  const target = parseTarget(request.url, method);
  if (!target.ok) return [`answered by the edge  400 Bad request: ${target.reason}`];
  const host = target.host ?? headerValue(headers, 'host') ?? '';
  const lines = [
    `request   ${method} ${target.path}${target.query}${host ? ` at ${host}` : ''}`,
    ...(target.path === pathOf(request.url)
      ? []
      : [`          path normalised from ${pathOf(request.url)}`]),
  ];
  const result = createRouter(config.routes).match({
    method,
    path: target.path,
    hostname: hostnameOf(host),
    header: (name) => headerValue(headers, name),
  });
  if (result.kind === 'none') return [...lines, 'route     none: the edge answers 404'];
  if (result.kind === 'method') {
    return [
      ...lines,
      `route     none for ${method}: the edge answers 405, allow ${result.allowed.join(', ')}`,
    ];
  }
  const refusal = guardRequest(
    {
      method,
      path: target.path,
      expect: headerValue(headers, 'expect'),
      bodySizeBytes: Number(headerValue(headers, 'content-length') ?? 0),
    },
    config.limits.requestBodySize,
  );
  if (refusal) {
    return [...lines, `guard     the edge answers ${statusOf(refusal.kind)}: ${refusal.detail}`];
  }
  const { route } = result;
  const service = config.services[route.service];
  if (!service) return lines;
  const { timeouts, healthCheck } = service;
  const question = healthCheck?.type === 'tcp' ? 'a connection' : `GET ${healthCheck?.path}`;
  const check = healthCheck
    ? `${question} every ${healthCheck.interval} ms, ${healthCheck.fall} failures take it out, ${healthCheck.rise} answers bring it back`
    : 'none; upstreams are asked as long as they are configured';
  const total = timeouts.total === undefined ? 'no limit in total' : `total ${timeouts.total} ms`;
  return [
    ...lines,
    `route     routes[${route.index}] (${describeMatch(route.match)})`,
    `service   ${route.service}, ${service.policy}`,
    ...service.upstreams.map((entry) => `upstream  ${placeOf(entry)} weight ${entry.weight}`),
    `health    ${check}`,
    `cache     ${describeCaching(config.routes[route.index]?.cache ?? false, method)}`,
    `retries   up to ${service.retries} on other upstreams, ${retryRule(method)}`,
    `timeouts  connect ${timeouts.connect} ms, first byte ${timeouts.firstByte} ms, idle ${timeouts.idle} ms, ${total}`,
  ];
}

/** The first field called `name` (lower-case). */
function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]+/i, '').replace(/[?#].*$/, '') || '/';
}

function describeMatch(match: RouteMatch | undefined): string {
  if (!match) return 'everything';
  const parts: string[] = [];
  if (match.host) parts.push(`host ${match.host}`);
  if (match.path) parts.push(`path ${match.path}`);
  if (match.methods) parts.push(`methods ${match.methods.join(', ')}`);
  for (const [name, value] of Object.entries(match.headers ?? {})) parts.push(`${name}: ${value}`);
  return parts.join(', ') || 'everything';
}

/** What the cache does for a request with this method. */
function describeCaching(cache: RouteCache, method: string): string {
  if (!cache) return 'off';
  if (method !== 'GET' && method !== 'HEAD') {
    return `not for ${method}; what is kept of this URL is forgotten when the answer is a success`;
  }
  const { query, headers } = cache.key;
  const names = describeQuery(query);
  const fields = headers.length > 0 ? `, ${headers.join(', ')}` : '';
  return `kept by URL (${names})${fields} and Vary, bodies up to ${formatSize(cache.maxBodySize)}`;
}

function describeQuery(query: Exclude<RouteCache, false>['key']['query']): string {
  if (query === 'all') return 'with its query';
  if (query === 'none') return 'without its query';
  return 'only' in query
    ? `of the query only ${query.only.join(', ')}`
    : `of the query all but ${query.without.join(', ')}`;
}

function retryRule(method: string): string {
  return isIdempotentMethod(method)
    ? 'also when a connection died before the answer began'
    : `but a ${method} only when nothing was sent`;
}
