/**
 * Checks that need more than one setting: references, duplicates, routes that can never match.
 * They run on configs the schema has refused too, so that every problem is found at once.
 */
import { normalize } from 'node:path';
import { formatSize } from '@headgate/config';
import { z } from 'zod';
import { formatEndpoint, parseAddress, parseUpstreamUrl } from './address.ts';
import { upstreamKinds } from './config-upstream.ts';
import type { RouteMatch } from './router.ts';

interface Issues {
  /** What the schema has found so far. */
  readonly issues: readonly { readonly path?: readonly PropertyKey[] | undefined }[];
  addIssue(issue: { code: 'custom'; path: (string | number)[]; message: string }): void;
}

const text = z.string().optional().catch(undefined);
const bound = z.object({ address: text }).catch({});
const upstream = z.object({ url: text, dns: text, srv: text, file: text }).catch({});
const service = z.object({ upstreams: z.array(upstream).catch([]) }).catch({ upstreams: [] });
const match = z.object({
  host: text,
  path: text,
  methods: z.array(z.string()).optional().catch(undefined),
  headers: z.record(z.string(), z.string()).optional().catch(undefined),
});
const bytes = z.number().optional().catch(undefined);
const route = z
  .object({
    match: match.optional().catch(undefined),
    service: text,
    // Without an object there is nothing that is kept.
    cache: z.object({ maxBodySize: bytes }).optional().catch(undefined),
  })
  .catch({});

/** The parts of a config these checks read, with gaps where a value is of the wrong type. */
const readableParts = z
  .object({
    listeners: z.array(bound).catch([]),
    admin: bound,
    services: z.record(z.string(), service).optional().catch(undefined),
    routes: z.array(route).catch([]),
    cache: z.object({ memory: bytes }).catch({}),
  })
  .catch({ listeners: [], admin: {}, services: undefined, routes: [], cache: {} });

type Parts = z.output<typeof readableParts>;

/** Reports every contradiction between settings; each problem names the setting to change. */
export function crossCheck(config: unknown, context: Issues): void {
  const parts = readableParts.parse(config);
  const refused = context.issues.map(({ path = [] }) => path);
  const report = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  checkAddresses(parts, report);
  checkUpstreams(parts, report);
  checkServiceNames(parts, refused, report);
  checkShadows(parts, refused, report);
  checkCaching(parts, report);
}

type Report = (path: (string | number)[], message: string) => void;

function checkAddresses({ listeners, admin }: Parts, report: Report): void {
  const owners = new Map<string, string>();
  const claim = (address: string | undefined, owner: string, path: (string | number)[]) => {
    const parsed = parseAddress(address ?? '');
    if (!parsed.ok) return;
    const { endpoint } = parsed;
    if (endpoint.kind === 'tcp' && endpoint.port === 0) return;
    const place = formatEndpoint(endpoint);
    const other = owners.get(place);
    if (other) report(path, `${address} is taken by ${other} already`);
    else owners.set(place, owner);
  };
  listeners.forEach(({ address }, i) => {
    claim(address, `listeners[${i}]`, ['listeners', i, 'address']);
  });
  claim(admin.address, 'admin', ['admin', 'address']);
}

function checkUpstreams({ services }: Parts, report: Report): void {
  for (const [name, { upstreams }] of Object.entries(services ?? {})) {
    const seen = new Map<string, number>();
    upstreams.forEach((upstream, i) => {
      for (const kind of upstreamKinds) {
        const value = upstream[kind];
        const key = value === undefined ? undefined : identityOf(kind, value);
        if (key === undefined) continue;
        const first = seen.get(key);
        if (first === undefined) seen.set(key, i);
        else {
          const path = ['services', name, 'upstreams', i, kind];
          const what = kind === 'url' ? 'address' : kind === 'file' ? 'file' : 'name';
          report(path, `the same ${what} as upstreams[${first}]; use weight to give it more`);
        }
      }
    });
  }
}

/** What tells one entry from another; undefined for what the schema refuses anyway. */
function identityOf(kind: (typeof upstreamKinds)[number], value: string): string | undefined {
  if (kind === 'file') return `file ${normalize(value)}`;
  const parsed = parseUpstreamUrl(value);
  return parsed.ok ? `${kind} ${parsed.address.key}` : undefined;
}

/** Paths the schema has refused already. */
type Refused = readonly (readonly PropertyKey[])[];

function checkServiceNames({ services, routes }: Parts, refused: Refused, report: Report): void {
  if (!services) return;
  // A service whose name was refused is missing from the value, but not from the file.
  const badNames = refused.flatMap(([at, name]) => (at === 'services' && name ? [name] : []));
  const names = new Set([...Object.keys(services), ...badNames.map(String)]);
  if (names.size === 0) report(['services'], 'expected at least one service');
  routes.forEach(({ service }, i) => {
    if (service === undefined || names.has(service)) return;
    const known = [...names].join(', ') || 'none';
    report(['routes', i, 'service'], `no service is called "${service}"; services are: ${known}`);
  });
}

function checkShadows({ routes }: Parts, refused: Refused, report: Report): void {
  // What a malformed match was meant to take is anybody's guess.
  const isMalformed = routes.map((_, i) =>
    refused.some(
      ([at, index, field]) =>
        at === 'routes' && index === i && (field === 'match' || field === undefined),
    ),
  );
  routes.forEach((later, i) => {
    if (isMalformed[i]) return;
    const shadow = routes
      .slice(0, i)
      .findIndex((earlier, j) => !isMalformed[j] && covers(earlier.match, later.match));
    if (shadow >= 0) {
      report(['routes', i], `can never match: routes[${shadow}] takes every request it would take`);
    }
  });
}

function checkCaching({ routes, cache: { memory } }: Parts, report: Report): void {
  routes.forEach(({ match, cache }, i) => {
    if (!cache) return;
    const methods = match?.methods ?? ['GET'];
    if (!methods.some((method) => method === 'GET' || method === 'HEAD')) {
      const taken = methods.join(', ');
      const message = `keeps nothing: only GET and HEAD are answered from the cache, and this route takes ${taken}`;
      report(['routes', i, 'cache'], message);
    }
    if (memory !== undefined && (cache.maxBodySize ?? 0) > memory) {
      const message = `larger than all of cache.memory (${formatSize(memory)}), so nothing of the kind could be kept`;
      report(['routes', i, 'cache', 'maxBodySize'], message);
    }
  });
}

/** True when every request that `later` matches is matched by `earlier` too. */
function covers(earlier: RouteMatch | undefined, later: RouteMatch | undefined): boolean {
  const asked = lowerCaseNames(later?.headers);
  return (
    coversHost(earlier?.host?.toLowerCase(), later?.host?.toLowerCase()) &&
    coversPath(earlier?.path, later?.path) &&
    (!earlier?.methods ||
      (later?.methods?.every((method) => earlier.methods?.includes(method)) ?? false)) &&
    [...lowerCaseNames(earlier?.headers)].every(([name, value]) => asked.get(name) === value)
  );
}

function lowerCaseNames(headers: Readonly<Record<string, string>> = {}): Map<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function coversHost(earlier: string | undefined, later: string | undefined): boolean {
  if (earlier === undefined || earlier === later) return true;
  if (later === undefined || !earlier.startsWith('*.')) return false;
  return later.endsWith(earlier.slice(1));
}

function coversPath(earlier: string | undefined, later: string | undefined): boolean {
  if (earlier === undefined || earlier === '/*' || earlier === later) return true;
  if (later === undefined || !earlier.endsWith('/*')) return false;
  return later === earlier.slice(0, -2) || later.startsWith(earlier.slice(0, -1));
}
