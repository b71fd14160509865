/**
 * The routing table of one snapshot: host, path, method and headers to a route. Immutable and
 * synchronous; routes are tried in the order they are written and the first match wins.
 */
import type { Priority } from '@headgate/balancer';

/** What a route asks of a request; an absent field matches everything. */
export interface RouteMatch {
  /** `api.example.com`, or `*.example.com` for any name below it. */
  readonly host?: string | undefined;
  /** `/exact`, or `/prefix/*` for the prefix itself and everything below it. */
  readonly path?: string | undefined;
  readonly methods?: readonly string[] | undefined;
  /** Lower-case name to exact value. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface RouteRule {
  readonly match?: RouteMatch | undefined;
  readonly service: string;
  /** Default normal. */
  readonly priority?: Priority;
  /** Milliseconds from the request head to the end of the answer; undefined for no limit. */
  readonly deadline?: number | undefined;
  /** Whether late requests are sent a second time; `delay` in milliseconds instead of a found one. */
  readonly hedge?: boolean | { readonly delay: number };
}

export interface Route extends RouteRule {
  /** Place in the config, from 0. */
  readonly index: number;
}

/** What the router looks at. */
interface RouteRequest {
  readonly method: string;
  /** Lower-case, without port; empty when the client sent none. */
  readonly hostname: string;
  readonly path: string;
  /** The value of a header, or undefined. */
  header(name: string): string | undefined;
}

export type RouteResult =
  | { readonly kind: 'found'; readonly route: Route }
  /** Some route would take the request with another method. */
  | { readonly kind: 'method'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' };

export interface Router {
  match(request: RouteRequest): RouteResult;
}

type Test = (request: RouteRequest) => boolean;

/** Compiles the rules once; `match` allocates nothing when a route is found. */
export function createRouter(rules: readonly RouteRule[]): Router {
  const found = rules.map((rule, index) => ({
    kind: 'found' as const,
    route: { ...rule, index },
    methods: rule.match?.methods,
    tests: compile(rule.match),
  }));
  return {
    match(request) {
      let allowed: string[] | undefined;
      for (const candidate of found) {
        if (!candidate.tests.every((test) => test(request))) continue;
        if (!candidate.methods || candidate.methods.includes(request.method)) return candidate;
        allowed = [...(allowed ?? []), ...candidate.methods];
      }
      return allowed ? { kind: 'method', allowed: [...new Set(allowed)] } : { kind: 'none' };
    },
  };
}

function compile(match: RouteMatch | undefined): Test[] {
  const tests: Test[] = [];
  if (match?.host) tests.push(hostTest(match.host.toLowerCase()));
  if (match?.path) tests.push(pathTest(match.path));
  for (const [name, value] of Object.entries(match?.headers ?? {})) {
    const lowerName = name.toLowerCase();
    tests.push((request) => request.header(lowerName) === value);
  }
  return tests;
}

function hostTest(host: string): Test {
  if (!host.startsWith('*.')) return (request) => request.hostname === host;
  const suffix = host.slice(1);
  return (request) => request.hostname.length > suffix.length && request.hostname.endsWith(suffix);
}

function pathTest(path: string): Test {
  // Everything, OPTIONS * included.
  if (path === '/*') return () => true;
  if (!path.endsWith('/*')) return (request) => request.path === path;
  const prefix = path.slice(0, -1);
  const itself = prefix.slice(0, -1);
  return (request) => request.path.startsWith(prefix) || request.path === itself;
}

/** The name in a Host field: lower-case, no port, no IPv6 brackets, no dot for the DNS root. */
export function hostnameOf(host: string): string {
  const bracket = host.startsWith('[') ? host.indexOf(']') : -1;
  if (bracket > 0) return host.slice(1, bracket).toLowerCase();
  const colon = host.indexOf(':');
  const name = (colon < 0 ? host : host.slice(0, colon)).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
