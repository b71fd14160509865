/** Asks DNS servers, once. Whatever happens is an answer; nothing rejects. */
import { lookup, Resolver } from 'node:dns/promises';
import type { Answer } from './known.ts';
import type { SrvTarget } from './srv.ts';

interface DnsSettings {
  /** Default: those of the system. */
  readonly servers?: readonly string[] | undefined;
  /** How long to wait for an answer, in milliseconds. */
  readonly timeout: number;
}

/** Where names are looked up. */
export interface Dns {
  addresses(
    name: string,
    family: 4 | 6,
    settings: DnsSettings,
    signal: AbortSignal,
  ): Promise<Answer<string>>;
  targets(name: string, settings: DnsSettings, signal: AbortSignal): Promise<Answer<SrvTarget>>;
}

/** What the system knows without DNS has no lifetime of its own. */
const SYSTEM_TTL_MS = 5_000;

/** The network's servers; names of this host, and those without a dot, as the system has them. */
export const networkDns: Dns = {
  addresses: (name, family, settings, signal) =>
    inTime(settings.timeout, signal, async (deadline) => {
      // Never asked of anybody else (RFC 6761 §6.3).
      if (name === 'localhost') return askSystem(name, family, settings, deadline);
      const answer = await askServers(settings, deadline, (resolver) =>
        resolveAddresses(resolver, name, family),
      );
      if (answer.kind === 'found' || name.includes('.') || deadline.aborted) return answer;
      const local = await askSystem(name, family, settings, deadline);
      return local.kind === 'found' ? local : answer;
    }),

  targets: (name, settings, signal) =>
    inTime(settings.timeout, signal, (deadline) =>
      askServers(settings, deadline, (resolver) => resolveTargets(resolver, name)),
    ),
};

async function resolveAddresses(
  resolver: Resolver,
  name: string,
  family: 4 | 6,
): Promise<Answer<string>> {
  const options = { ttl: true } as const;
  const records =
    family === 4 ? await resolver.resolve4(name, options) : await resolver.resolve6(name, options);
  const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1_000;
  return { kind: 'found', records: records.map(({ address }) => address), ttlMs };
}

async function resolveTargets(resolver: Resolver, name: string): Promise<Answer<SrvTarget>> {
  const records = await resolver.resolveSrv(name);
  // A target without a name: decidedly not available (RFC 2782).
  const targets = records.filter((record) => record.name !== '' && record.name !== '.');
  if (targets.length === 0) return { kind: 'gone', reason: 'the service is not available there' };
  return {
    kind: 'found',
    records: targets.map(({ name, port, priority, weight }) => ({ name, port, priority, weight })),
    ttlMs: undefined,
  };
}

/** With a signal that aborts when `signal` does, or after `timeoutMs`. */
async function inTime<T>(
  timeoutMs: number,
  signal: AbortSignal,
  ask: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const giveUp = () => deadline.abort();
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener('abort', giveUp);
  try {
    return await ask(deadline.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** With a resolver of its own: it can be cancelled, and knows the system's servers of today. */
async function askServers<T>(
  { servers, timeout }: DnsSettings,
  deadline: AbortSignal,
  ask: (resolver: Resolver) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  // A lost packet is repeated after a third of the time; the second wait is twice as long.
  const resolver = new Resolver({ timeout: Math.ceil(timeout / 3), tries: 2 });
  const giveUp = () => resolver.cancel();
  deadline.addEventListener('abort', giveUp);
  try {
    if (servers) resolver.setServers(servers);
    return await ask(resolver);
  } catch (error) {
    return refusal(error, timeout, deadline);
  } finally {
    deadline.removeEventListener('abort', giveUp);
  }
}

async function askSystem(
  name: string,
  family: 4 | 6,
  { timeout }: DnsSettings,
  deadline: AbortSignal,
): Promise<Answer<string>> {
  try {
    const found = await Promise.race([lookup(name, { family, all: true }), aborted(deadline)]);
    const records = found.map(({ address }) => address);
    return { kind: 'found', records, ttlMs: SYSTEM_TTL_MS };
  } catch (error) {
    return refusal(error, timeout, deadline);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

const GONE: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name (NXDOMAIN)',
  ENODATA: 'the name has no records of this type',
};

const FAILED: Readonly<Record<string, string>> = {
  ESERVFAIL: 'the DNS server is in trouble (SERVFAIL)',
  EREFUSED: 'the DNS server refuses to answer (REFUSED)',
  ECONNREFUSED: 'no DNS server listens there',
  EAI_AGAIN: 'the DNS server is in trouble',
};

function refusal(
  error: unknown,
  timeoutMs: number,
  deadline: AbortSignal,
): Extract<Answer<never>, { kind: 'gone' | 'failed' }> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const gone = GONE[code];
  if (gone) return { kind: 'gone', reason: gone };
  const isLate = code === 'ETIMEOUT' || deadline.aborted;
  const message = error instanceof Error ? error.message : String(error);
  const reason = isLate ? `no answer within ${timeoutMs} ms` : (FAILED[code] ?? message);
  return { kind: 'failed', reason };
}
