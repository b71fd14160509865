/**
 * The entries of a service's `upstreams`: one address as it is, or where addresses are to be
 * found. Nothing here looks anything up; `discovery/` does.
 */
import { isIP } from 'node:net';
import { duration, setting } from '@headgate/config';
import { z } from 'zod';
import { parseAddress, parseUpstreamUrl } from './address.ts';
import { positiveDuration } from './config-duration.ts';

/** What an entry of `upstreams` may be; each has exactly one of these. */
export const upstreamKinds = ['url', 'dns', 'srv', 'file'] as const;

const EXPECTED_KIND = `expected one of ${upstreamKinds.join(', ')}`;

const upstreamUrl = z
  .string()
  .superRefine((value, context) => {
    const parsed = parseUpstreamUrl(value);
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.reason });
  })
  .meta({ expects: 'a URL such as http://127.0.0.1:4001 or unix:/path' });

const dnsUrl = z
  .string()
  .superRefine((value, context) => {
    const message = nameProblem(value, 'http://items.internal:4001');
    if (message) context.addIssue({ code: 'custom', message });
  })
  .meta({ expects: 'a URL with a name, such as http://items.internal:4001' });

const srvUrl = z
  .string()
  .superRefine((value, context) => {
    const message = srvProblem(value);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .meta({ expects: 'a URL with a name, such as http://_http._tcp.items.internal' });

const listFile = z
  .string()
  .regex(/\.(json|ya?ml)$/i, 'expected a .json, .yaml or .yml file such as ./upstreams.json')
  .meta({ expects: 'a file such as ./upstreams.json' });

const tlsName = z
  .string()
  .regex(/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i, 'expected a host name such as api.example.com')
  .refine((name) => isIP(name) === 0, 'expected a host name, not an address, which has none');

export const zoneName = z.string().regex(/^[\w.-]{1,64}$/, 'expected a name such as eu-central-1a');

const ofEveryUpstream = {
  weight: setting(z.number().gt(0).max(1_000), {
    default: 1,
    reason: 'all upstreams are alike unless said otherwise',
  }),
  // Without one, the edge finds its own when the upstream shows a queue.
  maxInFlight: z.int().min(1).optional(),
  // Only where upstreams differ in it.
  zone: zoneName.optional(),
  // Only where certificates have another name than the URL.
  tlsName: tlsName.optional(),
};

/** One entry of `upstreams`. */
export const upstreamEntry = z
  .strictObject({
    url: upstreamUrl.optional(),
    dns: dnsUrl.optional(),
    srv: srvUrl.optional(),
    file: listFile.optional(),
    ...ofEveryUpstream,
  })
  .superRefine((entry, context) => {
    const kinds = upstreamKinds.filter((kind) => entry[kind] !== undefined);
    const [kind, other] = kinds;
    const report = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    // A mistyped one is reported as that.
    const isMistyped = context.issues.some(({ code }) => code === 'unrecognized_keys');
    if (kind === undefined && isMistyped) return;
    if (kind === undefined) report([], EXPECTED_KIND);
    else if (other !== undefined) {
      report([other], `an entry has one of ${upstreamKinds.join(', ')}, and this one has ${kind}`);
    } else checkTlsName(entry.tlsName, kind, entry[kind] ?? '', report);
  })
  .meta({ expects: `an object with one of ${upstreamKinds.join(', ')}` });

/** One upstream in the list an entry's `file` has. */
export const listedUpstream = z
  .strictObject({ url: upstreamUrl, ...ofEveryUpstream })
  .superRefine((upstream, context) => {
    checkTlsName(upstream.tlsName, 'url', upstream.url, (path, message) =>
      context.addIssue({ code: 'custom', path, message }),
    );
  });

/** Addresses that nobody looks at for longer are better written as `url`. */
const atMostDay = positiveDuration.refine((ms) => ms <= 86_400_000, 'expected at most 24h');

const nameServer = z
  .string()
  .refine(isNameServer, 'expected the address of a DNS server such as 10.0.0.2 or 10.0.0.2:53');

/** How names are looked up, for entries with `dns` and `srv`. */
export const resolver = z
  .strictObject({
    // Without any, those of the system.
    servers: z.array(nameServer).min(1, 'expected at least one server').optional(),
    minTtl: setting(positiveDuration, {
      default: '1s',
      unit: 'ms',
      reason: 'records without a lifetime are asked for once a second, not all the time',
    }),
    maxTtl: setting(atMostDay, {
      default: '60s',
      unit: 'ms',
      reason: 'what has moved is noticed within a minute, whatever its records promised',
    }),
    hold: setting(duration(), {
      default: '30s',
      unit: 'ms',
      reason: 'a name that is gone is more often a slip of its zone than the end of a service',
    }),
    timeout: setting(positiveDuration, {
      default: '2s',
      unit: 'ms',
      reason: 'one lost packet is repeated within it; more means the server is not there',
    }),
  })
  .superRefine(({ minTtl, maxTtl }, context) => {
    if (minTtl <= maxTtl) return;
    const message = 'expected no more than maxTtl';
    context.addIssue({ code: 'custom', path: ['minTtl'], message });
  });

type Report = (path: string[], message: string) => void;

function checkTlsName(
  name: string | undefined,
  kind: (typeof upstreamKinds)[number],
  value: string,
  report: Report,
): void {
  if (name === undefined) return;
  if (kind === 'file') report(['tlsName'], 'belongs to the upstreams in the file, each its own');
  else if (!value.startsWith('https:'))
    report(['tlsName'], `there is no TLS without https: ${value}`);
}

function nameProblem(value: string, example: string): string | undefined {
  const parsed = parseUpstreamUrl(value);
  if (parsed.ok && parsed.address.endpoint.kind === 'tcp') return undefined;
  return parsed.ok || !URL.canParse(value)
    ? `expected a URL with a name, such as ${example}, got "${value}"`
    : parsed.reason;
}

function srvProblem(value: string): string | undefined {
  const problem = nameProblem(value, 'http://_http._tcp.items.internal');
  if (problem) return problem;
  const { hostname } = new URL(value);
  if (isIP(hostname) !== 0 || hostname.startsWith('[')) {
    return `expected a name, which has SRV records, got the address ${hostname}`;
  }
  // The URL itself forgets a port that is its scheme's own.
  return /:\d*\/?$/.test(value) ? 'SRV records say the port; leave it out' : undefined;
}

function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const parsed = parseAddress(text);
  if (!parsed.ok || parsed.endpoint.kind === 'unix') return false;
  return isIP(parsed.endpoint.host) !== 0 && parsed.endpoint.port > 0;
}
